import { RetrievalGuardError } from '../errors.ts';
import { earlyStoppingAlpha } from '../stats/index.ts';

/** When to stop sampling a query. */
export type Stopping =
  /** After exactly `samples` estimation samples; alpha is spent once. */
  | { kind: 'fixed'; samples: number }
  /** At the first look at which the radius is certified, or after `samples`. */
  | { kind: 'target'; radius: number; samples: number }
  /** At the first look after `seconds`, or after `samples`. */
  | { kind: 'time'; seconds: number; samples: number };

/** One look at the counters. */
export interface Look {
  /** Estimation samples at this look. */
  samples: number;
  /** What the look may spend. */
  alpha: number;
}

const FIRST_LOOK = 128;

/**
 * The looks of a run (certificates §7): one with all of alpha for a fixed number of samples, else 128·2^j samples with
 * alpha·6/(π²(j+1)²) each, the last at `samples`.
 */
export function planLooks(stopping: Stopping, alpha: number): Look[] {
  const { samples } = stopping;
  if (!Number.isInteger(samples) || samples < 1) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'samples, an integer ≥ 1',
      got: String(samples),
    });
  }
  if (stopping.kind === 'fixed') return [{ samples, alpha }];
  const looks: Look[] = [];
  for (let at = Math.min(FIRST_LOOK, samples); ; at = Math.min(samples, 2 * at)) {
    looks.push({ samples: at, alpha: earlyStoppingAlpha(alpha, looks.length) });
    if (at === samples) return looks;
  }
}
