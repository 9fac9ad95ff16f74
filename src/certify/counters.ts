/**
 * The state of a query while it is sampled: integers, so that batches add up to the same bits in any order, on any number
 * of threads, and after a resume (certificates §7).
 */
export interface Counters {
  /** Samples counted. */
  samples: number;
  /** [dimension] sums of the normalised embeddings in units of 2⁻⁴⁰. */
  sum: BigInt64Array;
  /** Per statistic, [bins] samples in each bin; views of one buffer. */
  histograms: Uint32Array[];
  /** [labels] votes: noisy embeddings whose nearest item has the label. */
  votes: Int32Array;
  /** Votes that could not be told: a tie within rounding, or the nearest item may be outside the scanned candidates. */
  untold: number;
}

/** 2⁴⁰: the fixed-point scale of {@link Counters.sum}. A sum of 2²² samples stays far below 2⁶³. */
export const FIXED_POINT = 2 ** 40;

/** Counters at zero. @param bins number of bins of each statistic */
export function emptyCounters(dimension: number, bins: readonly number[], labels: number): Counters {
  // all histograms in one buffer: threads hand it over whole
  const all = new Uint32Array(bins.reduce((sum, count) => sum + count, 0));
  let at = 0;
  return {
    samples: 0,
    sum: new BigInt64Array(dimension),
    histograms: bins.map((count) => all.subarray(at, (at += count))),
    votes: new Int32Array(labels),
    untold: 0,
  };
}

/** Adds `more` into `into`. */
export function addCounters(into: Counters, more: Counters): void {
  into.samples += more.samples;
  into.untold += more.untold;
  for (let i = 0; i < into.sum.length; i++) into.sum[i] += more.sum[i];
  for (let i = 0; i < into.votes.length; i++) into.votes[i] += more.votes[i];
  for (const [j, histogram] of into.histograms.entries()) {
    for (let i = 0; i < histogram.length; i++) histogram[i] += more.histograms[j][i];
  }
}

/** ĝ: the mean embedding, float64. [dimension] */
export function meanEmbedding({ sum, samples }: Pick<Counters, 'sum' | 'samples'>): Float64Array {
  return Float64Array.from(sum, (value) => Number(value) / FIXED_POINT / samples);
}
