/** What a certificate may spend of its failure probability, and on what. */
import { inputError, requireAlpha, requireCount } from '../stats/require.ts';
import { MOST_SAMPLES } from './counters.ts';

/**
 * The failure probability of one method's certificate of one query, and when it holds. Each method has the whole budget for itself: its
 * statement holds with 1 − total, not all methods' jointly.
 *
 * - 'fixed': after one number of samples, fixed beforehand. Any bound will do: *counting* (Clopper–Pearson), which holds for one number alone, or *betting*.
 * - 'any time': at all numbers of samples together, so that one may look as often as one likes and stop for whatever reason. Betting alone (Ville): tests of
 *   radii, bets on means and on losses, the ball with a λ that is fixed beforehand. Nothing is paid for a look.
 *
 * A certificate is the least radius of several statements: an error needs the statement of the least true radius to be wrong, and that one alone
 * (intersection.ts), at whatever look; so nothing is shared between statements.
 */
export class AlphaBudget {
  readonly kind: 'fixed' | 'any time';
  /** The number of samples; at any time that for which stakes are chosen, the most there may be. */
  readonly samples: number;
  readonly total: number;

  private constructor(kind: AlphaBudget['kind'], samples: number, total: number) {
    requireAlpha(total);
    requireCount('samples', samples, 1);
    if (samples > MOST_SAMPLES) throw inputError(`at most ${MOST_SAMPLES} samples`, `samples = ${samples}`);
    this.kind = kind;
    this.samples = samples;
    this.total = total;
  }

  /** For one number of samples. @throws CERTIFICATE_INPUT for impossible numbers */
  static fixed(samples: number, alpha: number): AlphaBudget {
    return new AlphaBudget('fixed', samples, alpha);
  }

  /** For all numbers of samples together, planned for `samples`. @throws CERTIFICATE_INPUT for impossible numbers */
  static anyTime(samples: number, alpha: number): AlphaBudget {
    return new AlphaBudget('any time', samples, alpha);
  }

  /**
   * What counting may spend on each of `ways` statements after `samples` samples.
   * @throws CERTIFICATE_INPUT but for the one number that was fixed: a bound at a number of samples chosen after seeing them holds nothing
   */
  counting(samples: number, ways = 1): number {
    if (this.kind === 'fixed' && samples === this.samples) return this.total / ways;
    throw inputError(
      this.kind === 'fixed'
        ? `${this.samples} samples, the number fixed beforehand`
        : 'bounds that hold at any time, which are not those by counting',
      `${samples} samples`,
    );
  }

  /**
   * What betting may spend on each of `ways` statements after `samples` samples.
   * @throws CERTIFICATE_INPUT where another number was fixed beforehand
   */
  betting(samples: number, ways = 1): number {
    return this.kind === 'fixed' ? this.counting(samples, ways) : this.total / ways;
  }
}
