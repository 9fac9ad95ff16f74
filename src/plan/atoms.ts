/** Laws of few values: an encoder with hard decisions, or one saturated by noise, gives statistics that take a handful of values. */
import { type Bins, binOf } from '../certify/index.ts';

/** The values that a statistic of few values takes, ascending, and the share of the selection samples at each. */
export interface Atoms {
  values: number[];
  shares: number[];
}

/** More distinct values than this are a law like any other. */
const MOST = 16;
/** Few values are seen this often each on average. */
const OFTEN = 8;

/** The atoms of `samples`: groups of values that span at most `tolerance`, each stood for by its largest; null if not few. */
export function findAtoms(samples: Float64Array, tolerance: number): Atoms | null {
  const most = Math.min(MOST, Math.floor(samples.length / OFTEN));
  const sorted = samples.toSorted();
  const atoms: Atoms = { values: [], shares: [] };
  let start = -Infinity;
  for (const value of sorted) {
    if (value - start > tolerance) {
      if (atoms.values.length === most) return null;
      start = value;
      atoms.values.push(value);
      atoms.shares.push(0);
    }
    atoms.values[atoms.values.length - 1] = value;
    atoms.shares[atoms.shares.length - 1] += 1 / samples.length;
  }
  return atoms.values.length > 0 ? atoms : null;
}

/**
 * Bins of equal width whose upper ends lie `slack` above the atoms: samples are rounded up, so that is where a bin costs least.
 * The second bin ends at the first atom; the bins reach to `high` or 8.5 deviations above the mean, the last one to `high`. The
 * width is such that another atom is met exactly, and of those widths the one that rounds up least over all atoms.
 */
export function binsAtAtoms({ values, shares }: Atoms, high: number, slack: number, bins: number): Bins {
  const first = values[0];
  const largest = values[values.length - 1];
  const mean = values.reduce((sum, value, i) => sum + shares[i] * value, 0);
  const variance = values.reduce((sum, value, i) => sum + shares[i] * (value - mean) ** 2, 0);
  const reach = values.length === 1 ? high : Math.min(high, mean + 8.5 * Math.sqrt(variance));
  const finest = Math.max(reach - first, largest - first, 4 * slack * bins) / (bins - 2);
  let width = finest;
  let least = roundedUp(values, finest, slack);
  for (const value of values.slice(1)) {
    const apart = value - first;
    for (let steps = Math.floor(apart / finest + 1e-9); steps >= Math.max(1, apart / finest / 4); steps--) {
      const cost = roundedUp(values, apart / steps, slack);
      if (cost < least - 1e-9 * finest) {
        least = cost;
        width = apart / steps;
      }
    }
  }
  const enough = 2 + Math.ceil((high - first) / width - 1e-9);
  return { origin: first + slack - 2 * width, width, bins: Math.max(2, Math.min(bins, enough)) };
}

/** By how much bins of this width round the values up, in all. */
function roundedUp(values: readonly number[], width: number, slack: number): number {
  let sum = 0;
  for (const value of values) {
    const apart = value - values[0];
    sum += Math.ceil((apart - slack) / width) * width - apart;
  }
  return sum;
}

/**
 * Bins at whose upper ends the tail of a law of few values is worth counting: those of the atoms but the last bin, which has
 * nothing above it. Ascending.
 */
export function atomThresholds({ values }: Atoms, bins: Bins): number[] {
  const found = new Set(values.map((value) => binOf(bins, value)));
  found.delete(bins.bins - 1);
  return [...found];
}
