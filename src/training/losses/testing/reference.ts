/**
 * Losses and miners once more, in float64 and written as their definitions read: loops over images, no matrices. Tests
 * compare the graphs with them.
 */

/** A batch outside any graph. */
export interface PlainBatch {
  /** One row per image. */
  rows: number[][];
  labels: number[];
}

/** Places of an anchor, a positive and a negative, with the anchor's slot that they stand in. */
export interface PlainTriplet {
  a: number;
  slot: number;
  p: number;
  n: number;
}

export const dot = (x: readonly number[], y: readonly number[]): number =>
  x.reduce((sum, value, i) => sum + value * y[i], 0);

/** Distance of unit vectors, not below 0.001. */
export const distance = (x: readonly number[], y: readonly number[]): number =>
  Math.sqrt(Math.max(2 - 2 * dot(x, y), 1e-6));

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
const meanOfActive = (values: readonly number[]): number => mean(values.filter((value) => value > 0));
const hinge = (x: number): number => Math.max(0, x);

/** The anchor's next images of its class, going round; at most `draws`. */
export function nextPositives({ labels }: PlainBatch, a: number, draws: number): number[] {
  const found: number[] = [];
  for (let step = 1; step < labels.length && found.length < draws; step++) {
    const j = (a + step) % labels.length;
    if (labels[j] === labels[a]) found.push(j);
  }
  return found;
}

/** Chooses a negative: from the anchor, its positive, the slot, and the uniform values of that slot. */
export type PlainMiner = (
  batch: PlainBatch,
  at: { a: number; p: number; uniform: readonly number[] },
) => number | null;

/** The triplets of a miner, anchor by anchor. `noise` is [B, draws, B]. */
export function plainTriplets(
  batch: PlainBatch,
  draws: number,
  miner: PlainMiner,
  noise: ArrayLike<number>,
): PlainTriplet[] {
  const size = batch.labels.length;
  const triplets: PlainTriplet[] = [];
  for (let a = 0; a < size; a++) {
    for (const [slot, p] of nextPositives(batch, a, draws).entries()) {
      const uniform = Array.from({ length: size }, (_, j) => noise[(a * draws + slot) * size + j]);
      const n = miner(batch, { a, p, uniform });
      if (n !== null) triplets.push({ a, slot, p, n });
    }
  }
  return triplets;
}

/** The image that makes `score` largest among those that pass. */
function best(size: number, passes: (j: number) => boolean, score: (j: number) => number): number | null {
  let chosen: number | null = null;
  for (let j = 0; j < size; j++) {
    if (passes(j) && (chosen === null || score(j) > score(chosen))) chosen = j;
  }
  return chosen;
}

/** 1/q(d), by powers: float64 holds them up to 512 dimensions. */
export function inverseDensity(d: number, dimension: number, cutoff: number): number {
  const at = Math.max(d, cutoff);
  return 1 / (at ** (dimension - 2) * (1 - at ** 2 / 4) ** ((dimension - 3) / 2));
}

export const plainMiners = {
  random:
    (): PlainMiner =>
    ({ labels }, { a, uniform }) =>
      best(
        labels.length,
        (j) => labels[j] !== labels[a],
        (j) => uniform[j],
      ),
  hard:
    (): PlainMiner =>
    ({ rows, labels }, { a }) =>
      best(
        labels.length,
        (j) => labels[j] !== labels[a],
        (j) => -distance(rows[a], rows[j]),
      ),
  'semi-hard':
    (margin = 0.2): PlainMiner =>
    ({ rows, labels }, { a, p }) => {
      const d = (j: number): number => distance(rows[a], rows[j]);
      const between = (j: number): boolean => d(j) > d(p) && d(j) < d(p) + margin;
      return best(
        labels.length,
        (j) => labels[j] !== labels[a] && between(j),
        (j) => -d(j),
      );
    },
  'distance-weighted':
    (cutoff = 0.5, limit = 1.4): PlainMiner =>
    ({ rows, labels }, { a, uniform }) => {
      const d = (j: number): number => distance(rows[a], rows[j]);
      const weight = (j: number): number => inverseDensity(d(j), rows[a].length, cutoff);
      // The exponential race: the first of exponential arrival times with rates w_j is j with probability ∝ w_j.
      const arrival = (j: number): number => -Math.log(uniform[j]) / weight(j);
      return best(
        labels.length,
        (j) => labels[j] !== labels[a] && d(j) < limit,
        (j) => -arrival(j),
      );
    },
};

export function plainMargin(
  { rows }: PlainBatch,
  triplets: readonly PlainTriplet[],
  { beta, gamma, nu }: { beta: number; gamma: number; nu: number },
): number {
  const terms = triplets.flatMap(({ a, p, n }) => [
    hinge(distance(rows[a], rows[p]) - beta + gamma),
    hinge(beta - distance(rows[a], rows[n]) + gamma),
  ]);
  return meanOfActive(terms) + (triplets.length > 0 ? nu * beta : 0);
}

export function plainTriplet(
  { rows }: PlainBatch,
  triplets: readonly PlainTriplet[],
  { margin, power }: { margin: number; power: number },
): number {
  const d = (i: number, j: number): number =>
    power === 2 ? 2 - 2 * dot(rows[i], rows[j]) : distance(rows[i], rows[j]);
  return meanOfActive(triplets.map(({ a, p, n }) => hinge(d(a, p) - d(a, n) + margin)));
}

/** With triplets their pairs, without (null) all pairs. */
export function plainContrastive(
  batch: PlainBatch,
  triplets: readonly PlainTriplet[] | null,
  { margin, positiveMargin, power }: { margin: number; positiveMargin: number; power: number },
): number {
  const { rows } = batch;
  const pairs = allPairs(batch);
  const positives = triplets ? triplets.map(({ a, p }) => [a, p]) : pairs.positives;
  const negatives = triplets ? triplets.map(({ a, n }) => [a, n]) : pairs.negatives;
  return (
    meanOfActive(positives.map(([i, j]) => hinge(distance(rows[i], rows[j]) - positiveMargin) ** power)) +
    meanOfActive(negatives.map(([i, j]) => hinge(margin - distance(rows[i], rows[j])) ** power))
  );
}

/** Ordered pairs of different images, of one class and of two. */
export function allPairs({ labels }: PlainBatch): { positives: number[][]; negatives: number[][] } {
  const positives: number[][] = [];
  const negatives: number[][] = [];
  for (let i = 0; i < labels.length; i++) {
    for (let j = 0; j < labels.length; j++) {
      if (i !== j) (labels[i] === labels[j] ? positives : negatives).push([i, j]);
    }
  }
  return { positives, negatives };
}

export function plainMultiSimilarity(
  batch: PlainBatch,
  settings: { alpha: number; beta: number; lambda: number; epsilon: number },
): number {
  const { rows, labels } = batch;
  const { alpha, beta, lambda, epsilon } = settings;
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const cosines = (same: boolean): number[] =>
      rows.filter((_, k) => k !== i && (labels[k] === labels[i]) === same).map((row) => dot(rows[i], row));
    const [positives, negatives] = [cosines(true), cosines(false)];
    const keptNegatives = negatives.filter((s) => positives.some((p) => s > p - epsilon));
    const keptPositives = positives.filter((s) => negatives.some((n) => s < n + epsilon));
    const sum = (values: number[], scale: number): number =>
      values.reduce((z, s) => z + Math.exp(scale * (s - lambda)), 0);
    total += Math.log1p(sum(keptPositives, -alpha)) / alpha + Math.log1p(sum(keptNegatives, beta)) / beta;
  }
  return total / labels.length;
}

export function plainProxyAnchor(
  { rows, labels }: PlainBatch,
  proxies: readonly number[][],
  { alpha, delta }: { alpha: number; delta: number },
): number {
  const pulls: number[] = [];
  const pushes: number[] = [];
  for (const [label, proxy] of proxies.entries()) {
    const length = Math.sqrt(dot(proxy, proxy));
    const cosine = (row: readonly number[]): number => dot(row, proxy) / length;
    const own = rows.filter((_, i) => labels[i] === label).map(cosine);
    const others = rows.filter((_, i) => labels[i] !== label).map(cosine);
    if (own.length > 0) pulls.push(Math.log1p(own.reduce((z, s) => z + Math.exp(-alpha * (s - delta)), 0)));
    pushes.push(Math.log1p(others.reduce((z, s) => z + Math.exp(alpha * (s + delta)), 0)));
  }
  return mean(pulls) + mean(pushes);
}
