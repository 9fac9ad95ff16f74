/** Where the bins of a statistic lie. */
import { inputError, requireAtLeastZero, requireNumber } from '../stats/require.ts';

/** Placement of the bins of a statistic. */
export interface Bins {
  origin: number;
  width: number;
  bins: number;
}

/** Throws unless the bins are at least 2, of a finite origin and a finite width > 0. */
export function requireBins({ origin, width, bins }: Bins): void {
  if (!(Number.isFinite(origin) && width > 0 && width < Infinity && Number.isInteger(bins) && bins >= 2))
    throw inputError(
      'at least 2 bins of a finite width > 0',
      `origin ${origin}, width ${width}, ${bins} bins`,
    );
}

/** The bin of a value; the bins were checked by {@link requireBins}. @throws CERTIFICATE_INPUT for NaN */
export function binOf({ origin, width, bins }: Bins, value: number): number {
  const bin = Math.floor((value - origin) / width);
  if (bin >= 0 && bin < bins) return bin;
  requireNumber('the value', bin);
  return bin < 0 ? 0 : bins - 1;
}

/** Upper ends of the bins, raised by `allowance`; the last is `high` (or just above the others). */
export function binLevels({ origin, width, bins }: Bins, high: number, allowance: number): Float64Array {
  requireBins({ origin, width, bins });
  requireNumber('high', high);
  requireAtLeastZero('allowance', allowance);
  const levels = new Float64Array(bins);
  for (let j = 0; j < bins; j++) levels[j] = origin + (j + 1) * width + allowance;
  levels[bins - 1] = Math.max(high + allowance, levels[bins - 2] + width * 1e-6);
  return levels;
}
