import { inputError, requireCount } from '../stats/require.ts';

/**
 * How often labels were counted, those that never were left out: what a query carries does not grow with the labels of the gallery. The order
 * of the entries says nothing.
 */
export type LabelCounts = Map<number, number>;

/** Counts a label `times` more. */
export function addCount(counts: LabelCounts, label: number, times = 1): void {
  counts.set(label, (counts.get(label) ?? 0) + times);
}

/** The label with the largest count, of several the smallest one; 0 where nothing was counted. */
export function mostFrequent(counts: LabelCounts): number {
  let best = 0;
  let most = 0;
  for (const [label, count] of counts) {
    if (count < most || (count === most && label > best)) continue;
    best = label;
    most = count;
  }
  return best;
}

/**
 * The state of a query while it is sampled: integers, so that batches add up to the same bits in any order, on any number
 * of threads, and after a resume (certificates §1).
 */
export interface Counters {
  /** Samples counted. */
  samples: number;
  /** [dimension] sums of the normalised embeddings in units of 2⁻³³. */
  sum: BigInt64Array;
  /** Per statistic, [bins] samples in each bin; views of one buffer. */
  histograms: Uint32Array[];
  /** Votes: noisy embeddings whose nearest item has the label. */
  votes: LabelCounts;
  /** Votes that could not be told: two labels have a nearest item at the same distance, within the rounding of float64. */
  untold: number;
  /**
   * Duels lost by the label of the query's plan: noisy embeddings to which an item of that other label is at least as near, within
   * rounding, as every item of its own (certificates §9).
   */
  losses: LabelCounts;
  /** Noisy embeddings that count as lost to every label: where a label's nearest item is not known, or it has none. */
  lostToAll: number;
}

/** 2³³: the fixed-point scale of {@link Counters.sum}. */
export const FIXED_POINT = 2 ** 33;

/**
 * The largest number of samples that is counted. With values of at most 1 + 10⁻⁶ the sums stay below 10⁹·2³³·(1 + 10⁻⁶) < 8.6·10¹⁸ < 2⁶³,
 * and each count below 2³¹.
 */
export const MOST_SAMPLES = 1e9;

/** Counters at zero. @param bins number of bins of each statistic */
export function emptyCounters(dimension: number, bins: readonly number[]): Counters {
  requireCount('dimension', dimension, 1);
  for (const count of bins) requireCount('bins', count, 1);
  // all histograms in one buffer: threads hand it over whole
  const all = new Uint32Array(bins.reduce((sum, count) => sum + count, 0));
  let at = 0;
  return {
    samples: 0,
    sum: new BigInt64Array(dimension),
    histograms: bins.map((count) => all.subarray(at, (at += count))),
    votes: new Map(),
    untold: 0,
    losses: new Map(),
    lostToAll: 0,
  };
}

/** Adds `more` into `into`. @throws CERTIFICATE_INPUT, and adds nothing, beyond {@link MOST_SAMPLES} or where the shapes differ */
export function addCounters(into: Counters, more: Counters): void {
  requireCount('samples', into.samples, 0);
  requireCount('samples', more.samples, 0);
  if (into.samples + more.samples > MOST_SAMPLES)
    throw inputError(`at most ${MOST_SAMPLES} samples`, `${into.samples + more.samples}`);
  const shape = ({ sum, histograms }: Counters): string =>
    [sum, ...histograms].map(({ length }) => length).join();
  if (shape(into) !== shape(more)) throw inputError(`counters of the shape ${shape(into)}`, shape(more));
  into.samples += more.samples;
  into.untold += more.untold;
  into.lostToAll += more.lostToAll;
  for (let i = 0; i < into.sum.length; i++) into.sum[i] += more.sum[i];
  for (const [label, count] of more.votes) addCount(into.votes, label, count);
  for (const [label, count] of more.losses) addCount(into.losses, label, count);
  for (const [j, histogram] of into.histograms.entries()) {
    for (let i = 0; i < histogram.length; i++) histogram[i] += more.histograms[j][i];
  }
}

/** ĝ: the mean embedding, float64, off by at most {@link meanRounding}. [dimension] @throws CERTIFICATE_INPUT without samples */
export function meanEmbedding({ sum, samples }: Pick<Counters, 'sum' | 'samples'>): Float64Array {
  requireCount('samples', samples, 1);
  return Float64Array.from(sum, (value) => Number(value) / FIXED_POINT / samples);
}

/**
 * How far the computed ĝ can be from the mean of the embeddings, in ℓ2: each sample's value was rounded to a multiple of 2⁻³³, an error of at
 * most 2⁻³⁴, and so is their mean's; conversion and two divisions in float64 add at most 3·2⁻⁵³ of a value of size at most 1 + 10⁻⁶. Together
 * at most 2⁻³³ a coordinate.
 */
export function meanRounding(dimension: number): number {
  requireCount('dimension', dimension, 1);
  return Math.sqrt(dimension) * 2 ** -33;
}
