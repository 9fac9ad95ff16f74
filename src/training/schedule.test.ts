import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PAPER_SCHEDULE, schedule, type ScheduleOptions } from './schedule.ts';

const torch = JSON.parse(readFileSync(new URL('fixtures/schedules.json', import.meta.url), 'utf8')) as Record<
  string,
  number[]
>;

describe('schedule', () => {
  test.each([
    ['multi-step', PAPER_SCHEDULE, 1],
    ['cosine', { kind: 'cosine', final: 0.1 }, 4],
    ['one-cycle', { kind: 'one-cycle' }, 4],
    ['one-cycle-short-rise', { kind: 'one-cycle', rise: 0.1, initial: 0.1, final: 1e-3 }, 3],
  ] as const)('%s as in PyTorch', (name, options: ScheduleOptions, stepsPerEpoch) => {
    const expected = torch[name];
    const factor = schedule(options, { epochs: expected.length / stepsPerEpoch, stepsPerEpoch });
    expected.forEach((value, step) => expect(factor(step), `step ${step}`).toBeCloseTo(value, 10));
  });

  test('multi-step: the milestones are epochs, and the paper is the default', () => {
    const factor = schedule({ kind: 'multi-step' }, { epochs: 100, stepsPerEpoch: 7 });
    expect([0, 30 * 7 - 1].map(factor)).toEqual([1, 1]);
    expect([30 * 7, 55 * 7 - 1].map(factor)).toEqual([0.3, 0.3]);
    expect(factor(55 * 7)).toBeCloseTo(0.09, 12);
    expect(factor(699)).toBeCloseTo(0.027, 12);
  });

  test('warm-up is linear, reaches the rate after its last step, and multiplies the shape', () => {
    const constant = schedule({ kind: 'constant', warmupSteps: 3 }, { epochs: 1, stepsPerEpoch: 10 });
    expect([0, 1, 2, 3, 9].map(constant)).toEqual([0.25, 0.5, 0.75, 1, 1]);
    const steps = schedule(
      { kind: 'multi-step', milestones: [1], factor: 0.5, warmupSteps: 3 },
      { epochs: 2, stepsPerEpoch: 2 },
    );
    expect([0, 1, 2, 3].map(steps)).toEqual([0.25, 0.5, 0.375, 0.5]);
  });

  test('cosine: halfway at the middle; symmetric', () => {
    const factor = schedule({ kind: 'cosine' }, { epochs: 1, stepsPerEpoch: 11 });
    expect(factor(0)).toBe(1);
    expect(factor(5)).toBeCloseTo(0.5, 12);
    expect(factor(10)).toBeCloseTo(0, 12);
    expect(factor(3) + factor(7)).toBeCloseTo(1, 12);
  });

  test('stays at the end, and handles runs of one or two steps', () => {
    const cosine = schedule({ kind: 'cosine', final: 0.2 }, { epochs: 2, stepsPerEpoch: 2 });
    expect(cosine(3)).toBeCloseTo(0.2, 12);
    expect(cosine(1000)).toBe(cosine(3));
    expect(schedule({ kind: 'cosine' }, { epochs: 1, stepsPerEpoch: 1 })(0)).toBe(1);
    expect(schedule({ kind: 'one-cycle' }, { epochs: 1, stepsPerEpoch: 1 })(0)).toBe(1);
    const two = schedule({ kind: 'one-cycle' }, { epochs: 1, stepsPerEpoch: 2 });
    expect(two(0)).toBe(1);
    expect(two(1)).toBeCloseTo(4e-6, 12);
  });

  test('a function of the step alone', () => {
    const factor = schedule({ kind: 'one-cycle', warmupSteps: 2 }, { epochs: 3, stepsPerEpoch: 5 });
    const forwards = Array.from({ length: 15 }, (_, step) => factor(step));
    const backwards = Array.from({ length: 15 }, (_, i) => factor(14 - i)).reverse();
    expect(backwards).toEqual(forwards);
  });

  test.each<[ScheduleOptions, number]>([
    [{ kind: 'constant' }, 0],
    [{ kind: 'constant', warmupSteps: -1 }, 5],
    [{ kind: 'multi-step', milestones: [0] }, 5],
    [{ kind: 'multi-step', factor: 0 }, 5],
    [{ kind: 'cosine', final: 2 }, 5],
    [{ kind: 'one-cycle', rise: 1 }, 5],
    [{ kind: 'one-cycle', initial: 0 }, 5],
  ])('refuses %o with %i epochs', (options, epochs) => {
    expect(() => schedule(options, { epochs, stepsPerEpoch: 3 })).toThrow(/OPTION_INVALID/);
  });

  test('refuses a step that is none', () => {
    const factor = schedule({ kind: 'constant' }, { epochs: 1, stepsPerEpoch: 1 });
    expect(() => factor(-1)).toThrow(/step >= 0/);
    expect(() => factor(0.5)).toThrow(/step >= 0/);
  });
});
