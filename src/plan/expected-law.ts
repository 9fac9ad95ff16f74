import { type Bins, binOf, type Counted } from '../certify/index.ts';
import type { Atoms } from './atoms.ts';
import type { ExpectedLaw } from './design-bets.ts';
import { moments } from './place-bins.ts';

/**
 * The law that the selection samples suggest, for a plan of n estimation samples. It affects the radius, never its validity.
 *
 * @param planned n
 */
export function expectLaw(
  values: Float64Array,
  atoms: Atoms | null,
  bins: Counted,
  planned: number,
): ExpectedLaw {
  const shares = new Float64Array(bins.bins);
  for (const value of values) shares[binOf(bins, value)] += 1 / values.length;
  const law = atoms ? addUnseen(shares, values.length) : smooth(shares, bins, values);
  law[law.length - 1] += 0.3 / planned;
  let total = 0;
  for (const share of law) total += share;
  return { levels: bins.levels, law: law.map((share) => share / total) };
}

/** Few values: their shares as they are, and that of one sample more for all values not seen. */
function addUnseen(shares: Float64Array, seen: number): Float64Array {
  return shares.map((share) => share + 1 / seen / shares.length);
}

/**
 * A histogram smoothed by a Gaussian kernel of 0.3 deviations, mixed with a wide normal law (3% at 1.6 deviations) for the tail
 * that so few samples do not show. The figures were chosen on normal and Student laws.
 */
function smooth(shares: Float64Array, bins: Bins, values: Float64Array): Float64Array {
  const { mean, deviation } = moments(values);
  const spread = Math.max(deviation, 1e-6);
  const count = bins.bins;
  const bandwidth = (0.3 * spread) / bins.width;
  const reach = Math.ceil(4 * bandwidth);
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => {
    const z = (i - reach) / bandwidth;
    return Math.exp((-z * z) / 2);
  });
  const kernelSum = kernel.reduce((sum, value) => sum + value, 0);
  const law = new Float64Array(count);
  for (let j = 0; j < count; j++) {
    if (shares[j] === 0) continue;
    for (let i = -reach; i <= reach; i++) {
      const to = Math.min(count - 1, Math.max(0, j + i));
      law[to] += (0.97 * shares[j] * kernel[i + reach]) / kernelSum;
    }
  }
  const wide = new Float64Array(count);
  let wideSum = 0;
  for (let j = 0; j < count; j++) {
    const z = (bins.origin + (j + 0.5) * bins.width - mean) / (1.6 * spread);
    wide[j] = Math.exp((-z * z) / 2);
    wideSum += wide[j];
  }
  for (let j = 0; j < count; j++) law[j] += (0.03 * wide[j]) / wideSum + 1e-12;
  return law;
}
