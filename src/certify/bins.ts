/** Where the bins of a statistic lie. */

/** Placement of the bins of a statistic. */
export interface Bins {
  origin: number;
  width: number;
  bins: number;
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
