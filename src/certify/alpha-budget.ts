/** What a certificate may spend of its failure probability, and on what. */
import { earlyStoppingAlpha } from '../stats/index.ts';
import { MOST_SAMPLES } from './counters.ts';
import { inputError, requireAlpha, requireCount } from '../stats/require.ts';

/** One look at the counters: after so many estimation samples, with so much for counting. */
export interface Look {
  samples: number;
  /** What the bounds that hold for one number of samples may spend at this look. */
  alpha: number;
}

/**
 * The failure probability of one method's certificate of one query, and how it is spent. Each method has the whole budget for itself: its
 * statement holds with 1 − total, not all methods' jointly.
 *
 * Two tools spend it. *Counting* (Clopper–Pearson, concentration of means) holds for one number of samples, so each look has a share of its
 * own, and the shares add up to at most the total. *Betting* (Ville) holds at all numbers of samples together, so it may spend the total
 * at every look. A certificate is the least radius of several statements, each of them by one tool or the other: an error needs the
 * statement of the least true radius to be wrong, and that one alone (intersection.ts), so the tools share nothing between statements.
 */
export class AlphaBudget {
  readonly total: number;
  /** Ascending in samples. */
  readonly looks: readonly Look[];

  /** @throws CERTIFICATE_INPUT unless the looks ascend and their shares add up to at most the total */
  constructor(total: number, looks: readonly Look[]) {
    requireAlpha(total);
    let before = 0;
    let sum = 0;
    for (const { samples, alpha } of looks) {
      requireCount('samples', samples, before + 1);
      if (samples > MOST_SAMPLES) throw inputError(`at most ${MOST_SAMPLES} samples`, `samples = ${samples}`);
      requireAlpha(alpha);
      before = samples;
      sum += alpha;
    }
    if (looks.length === 0 || sum > total)
      throw inputError(
        `looks that spend at most alpha = ${total}`,
        `${looks.length} looks that spend ${sum}`,
      );
    this.total = total;
    this.looks = looks;
  }

  /** All of alpha at one number of samples. */
  static fixed(samples: number, alpha: number): AlphaBudget {
    return new AlphaBudget(alpha, [{ samples, alpha }]);
  }

  /**
   * For a run that may stop early: looks after 128·2^j samples, the last after `samples`, with alpha·6/(π²(j+1)²) each (certificates §11).
   * @throws CERTIFICATE_INPUT
   */
  static early(samples: number, alpha: number): AlphaBudget {
    requireCount('samples', samples, 1);
    const looks: Look[] = [];
    for (let at = Math.min(FIRST_LOOK, samples); ; at = Math.min(samples, 2 * at)) {
      looks.push({ samples: at, alpha: earlyStoppingAlpha(alpha, looks.length) });
      if (at === samples) return new AlphaBudget(alpha, looks);
    }
  }

  /** The last look. */
  get last(): Look {
    return this.looks[this.looks.length - 1];
  }

  /**
   * What counting may spend on each of `ways` statements after `samples` samples.
   * @throws CERTIFICATE_INPUT where no look was planned: a bound at a number of samples chosen after seeing them holds nothing
   */
  counting(samples: number, ways = 1): number {
    const look = this.looks.find((one) => one.samples === samples);
    if (look) return look.alpha / ways;
    throw inputError(
      `a look planned beforehand, after ${this.looks.map((one) => one.samples).join(', ')} samples`,
      `${samples} samples`,
    );
  }

  /** What betting may spend on each of `ways` statements, at any number of samples. */
  betting(ways = 1): number {
    return this.total / ways;
  }
}

const FIRST_LOOK = 128;
