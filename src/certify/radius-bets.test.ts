/** A test of one radius on the law that is hardest to tell from one that may be certified: its worst case at that radius has the mean 0. */
import { expect, test } from 'vitest';
import { binomialAtLeast, slowNormalCdf, slowNormalQuantile } from '../../test/helpers/numeric.ts';
import { Random } from '../../test/helpers/random.ts';
import { RadiusBet, testRadii } from './index.ts';

const LEVELS = Float64Array.of(-1, 1);
const RADIUS = 0.7;
/** P(s = 1), with which Φ(Φ⁻¹(p) + r) is ½. */
const p = slowNormalCdf(slowNormalQuantile(0.5) - RADIUS);
const SAMPLES = 200;
const ALPHA = 0.05;
const RUNS = 4000;

/** Of runs at the true law, those that certify the radius; U is the least of `draws` uniform numbers, 1 without any. */
function refused(draws: number): number {
  const random = new Random(21);
  const stake = 0.25 * RadiusBet.at(LEVELS, Float64Array.of(1, p), RADIUS, 1).most;
  let count = 0;
  for (let run = 0; run < RUNS; run++) {
    let above = 0;
    for (let i = 0; i < SAMPLES; i++) if (random.uniform() < p) above++;
    const uniform = Math.min(1, ...Array.from({ length: draws }, () => 1 - random.uniform()));
    const { radius } = testRadii(
      (place) => [place(RADIUS, Float64Array.of(1, p)).staked(stake)],
      LEVELS,
      [SAMPLES - above, above],
      { alpha: ALPHA, sigma: 1, uniform },
    );
    if (radius > 0) count++;
  }
  return count;
}

test('one uniform number a query makes the test sharper and no more wrong than alpha; the least of several does not', () => {
  const isTooOften = (count: number): boolean => binomialAtLeast(count, RUNS, ALPHA) < 1e-6;
  const [without, one, several] = [refused(0), refused(1), refused(20)];
  expect(isTooOften(without)).toBe(false);
  expect(isTooOften(one)).toBe(false);
  expect(one).toBeGreaterThan(1.2 * without);
  expect(isTooOften(several)).toBe(true);
});
