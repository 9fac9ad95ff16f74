import type { ExpectedLaw } from './exceedance-test.ts';

/** Placement of the bins of a statistic. */
export interface Bins {
  origin: number;
  width: number;
  bins: number;
}

/**
 * Bins for a statistic seen in the selection samples: from 4.5 deviations below its mean to 8.5 above, where the radius
 * is decided, the last bin reaching up to `high`.
 */
export function placeBins(values: Float64Array, high: number, bins: number): Bins {
  const { mean, deviation } = moments(values);
  const spread = Math.max(deviation, 1e-6);
  const origin = mean - 4.5 * spread;
  const top = Math.max(origin + spread, Math.min(mean + 8.5 * spread, high));
  return { origin, width: (top - origin) / (bins - 1), bins };
}

/** The bin of a value. */
export function binOf({ origin, width, bins }: Bins, value: number): number {
  const bin = Math.floor((value - origin) / width);
  return bin < 0 ? 0 : bin >= bins ? bins - 1 : bin;
}

/** Upper ends of the bins, raised by `allowance`; the last is `high` (or just above the others). */
export function binLevels({ origin, width, bins }: Bins, high: number, allowance: number): Float64Array {
  const levels = new Float64Array(bins);
  for (let j = 0; j < bins; j++) levels[j] = origin + (j + 1) * width + allowance;
  levels[bins - 1] = Math.max(high + allowance, levels[bins - 2] + width * 1e-6);
  return levels;
}

/**
 * The law that the selection samples suggest: their histogram smoothed by a Gaussian kernel of 0.3 deviations, mixed with
 * a wide normal law (3% at 1.6 deviations) for the tail that so few samples do not show, and a floor of 0.3/n at the top.
 * The figures were chosen on normal and Student laws; they affect the radius, never its validity.
 *
 * @param planned n, estimation samples planned
 */
export function expectLaw(
  values: Float64Array,
  bins: Bins,
  levels: Float64Array,
  planned: number,
): ExpectedLaw {
  const { mean, deviation } = moments(values);
  const spread = Math.max(deviation, 1e-6);
  const count = bins.bins;
  const raw = new Float64Array(count);
  for (const value of values) raw[binOf(bins, value)] += 1 / values.length;
  const bandwidth = (0.3 * spread) / bins.width;
  const reach = Math.ceil(4 * bandwidth);
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => {
    const z = (i - reach) / bandwidth;
    return Math.exp((-z * z) / 2);
  });
  const kernelSum = kernel.reduce((sum, value) => sum + value, 0);
  const law = new Float64Array(count);
  for (let j = 0; j < count; j++) {
    if (raw[j] === 0) continue;
    for (let i = -reach; i <= reach; i++) {
      const to = Math.min(count - 1, Math.max(0, j + i));
      law[to] += (0.97 * raw[j] * kernel[i + reach]) / kernelSum;
    }
  }
  const wide = new Float64Array(count);
  let wideSum = 0;
  for (let j = 0; j < count; j++) {
    const z = (bins.origin + (j + 0.5) * bins.width - mean) / (1.6 * spread);
    wide[j] = Math.exp((-z * z) / 2);
    wideSum += wide[j];
  }
  let total = 0;
  for (let j = 0; j < count; j++) {
    law[j] += (0.03 * wide[j]) / wideSum + 1e-12;
    if (j === count - 1) law[j] += 0.3 / planned;
    total += law[j];
  }
  for (let j = 0; j < count; j++) law[j] /= total;
  return { levels, law };
}

function moments(values: Float64Array): { mean: number; deviation: number } {
  let mean = 0;
  for (const value of values) mean += value;
  mean /= values.length;
  let square = 0;
  for (const value of values) square += (value - mean) * (value - mean);
  return { mean, deviation: Math.sqrt(square / Math.max(1, values.length - 1)) };
}
