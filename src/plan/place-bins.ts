/** Where to put the bins of a statistic. */
import type { Bins } from '../certify/index.ts';

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

/** Mean and standard deviation (divisor n − 1; 0 for one value). */
export function moments(values: Float64Array): { mean: number; deviation: number } {
  let mean = 0;
  for (const value of values) mean += value;
  mean /= values.length;
  let square = 0;
  for (const value of values) square += (value - mean) * (value - mean);
  return { mean, deviation: Math.sqrt(square / Math.max(1, values.length - 1)) };
}
