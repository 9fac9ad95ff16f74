/** Learning-rate schedules: pure functions of the step. */
import { RetrievalGuardError } from '../errors.ts';

/** A shape of the learning rate over a run. */
export type ScheduleShape =
  /** 1 throughout. */
  | { kind: 'constant' }
  /** Multiplied by `factor` when each of `milestones`, in epochs, is complete. */
  | { kind: 'multi-step'; milestones?: readonly number[]; factor?: number }
  /** Half a cosine from 1 to `final` (default 0) at the last step. */
  | { kind: 'cosine'; final?: number }
  /**
   * One cycle (Smith & Topin 2019), in PyTorch's form: half a cosine up from `initial` (default 1/25) during the part
   * `rise` (default 0.3) of the run, half a cosine down to `final` (default `initial`·1e-4) at the last step.
   */
  | { kind: 'one-cycle'; rise?: number; initial?: number; final?: number };

/** A schedule of the learning rate. */
export type ScheduleOptions = ScheduleShape & {
  /** The first steps, in which the rate grows linearly: step s of w has (s + 1)/(w + 1) of its rate. Default 0. */
  warmupSteps?: number;
};

/** How long a run is. */
export interface RunLength {
  epochs: number;
  stepsPerEpoch: number;
}

/** Factor of the base learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/** The paper's: × 0.3 after 30, 55 and 75 of 100 epochs. */
export const PAPER_SCHEDULE = {
  kind: 'multi-step',
  milestones: [30, 55, 75],
  factor: 0.3,
} as const satisfies ScheduleOptions;

/**
 * The schedule as a function: `schedule(options, length)(step)` times the base learning rate is the rate of the step, whatever
 * was asked before. So a run that resumes needs the step number only. Steps past the end have the last one's rate.
 *
 * Defaults of 'multi-step' are those of {@link PAPER_SCHEDULE}.
 *
 * @throws RetrievalGuardError OPTION_INVALID for impossible numbers
 */
export function schedule(options: ScheduleOptions, length: RunLength): Schedule {
  const { warmupSteps = 0 } = options;
  const { epochs, stepsPerEpoch } = length;
  need(isCount(epochs) && isCount(stepsPerEpoch), 'epochs and steps per epoch >= 1', length);
  need(warmupSteps === 0 || isCount(warmupSteps), 'warm-up steps >= 0', { warmupSteps });
  const shape = shapeOf(options, length);
  const last = epochs * stepsPerEpoch - 1;
  return (step) => {
    need(step === 0 || isCount(step), 'a step >= 0', { step });
    const warm = step < warmupSteps ? (step + 1) / (warmupSteps + 1) : 1;
    return warm * shape(Math.min(step, last));
  };
}

function shapeOf(options: ScheduleShape, { epochs, stepsPerEpoch }: RunLength): Schedule {
  const last = epochs * stepsPerEpoch - 1;
  switch (options.kind) {
    case 'constant':
      return () => 1;
    case 'multi-step': {
      const { milestones = PAPER_SCHEDULE.milestones, factor = PAPER_SCHEDULE.factor } = options;
      need(milestones.every(isCount), 'milestones in whole epochs >= 1', {
        milestones: milestones.join(', '),
      });
      need(factor > 0 && factor <= 1, '0 < factor <= 1', { factor });
      return (step) => {
        const epoch = Math.floor(step / stepsPerEpoch);
        return factor ** milestones.filter((milestone) => epoch >= milestone).length;
      };
    }
    case 'cosine': {
      const { final = 0 } = options;
      need(final >= 0 && final <= 1, '0 <= final <= 1', { final });
      return (step) => halfCosine(1, final, fraction(step, last));
    }
    case 'one-cycle': {
      const { rise = 0.3, initial = 1 / 25, final = initial * 1e-4 } = options;
      need(rise > 0 && rise < 1, '0 < rise < 1', { rise });
      need(initial > 0 && initial <= 1 && final >= 0 && final <= 1, '0 < initial <= 1, 0 <= final <= 1', {
        initial,
        final,
      });
      // in a run of very few steps the top may lie before the first
      const top = Math.max(0, rise * (last + 1) - 1);
      return (step) =>
        step < top
          ? halfCosine(initial, 1, step / top)
          : halfCosine(1, final, fraction(step - top, last - top));
    }
  }
}

/** From `from` at t = 0 to `to` at t = 1, flat at both ends. */
const halfCosine = (from: number, to: number, t: number): number =>
  to + ((from - to) / 2) * (1 + Math.cos(Math.PI * t));

const fraction = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;

function need(ok: boolean, expected: string, got: object): void {
  if (ok) return;
  const list = Object.entries(got).map(([name, value]) => `${name} = ${String(value)}`);
  throw new RetrievalGuardError('OPTION_INVALID', { expected, got: list.join(', ') });
}
