/** Inner products of the selection samples with gallery items, each item's computed once. */
import { type GalleryView, type LabelCounts, type Pair, vectorAt } from '../certify/index.ts';

/** What the selection phase of a query draws. */
export interface SelectionSamples {
  /** [count × dimension] normalised noisy embeddings. */
  embeddings: Float32Array;
  count: number;
  /** Votes of the selection samples. */
  votes: LabelCounts;
}

/** ĝ₀, the mean of the selection samples, float64. [dimension] */
export function meanOf({ embeddings, count }: SelectionSamples): Float64Array {
  const dimension = embeddings.length / count;
  const mean = new Float64Array(dimension);
  for (let i = 0; i < embeddings.length; i++) mean[i % dimension] += embeddings[i] / count;
  return mean;
}

/** An item's inner products with the samples, and the same less their mean. */
interface Scores {
  values: Float64Array;
  mean: number;
  centred: Float64Array;
  /** Σ centred² */
  squares: number;
}

/** The selection samples as plans look at them. */
export class SelectionScores {
  readonly count: number;
  readonly #gallery: GalleryView;
  readonly #embeddings: Float32Array;
  readonly #known = new Map<number, Scores>();

  constructor(gallery: GalleryView, { embeddings, count }: SelectionSamples) {
    this.#gallery = gallery;
    this.#embeddings = embeddings;
    this.count = count;
  }

  /** ⟨h_i, v⟩ of each sample. */
  of(item: number): Float64Array {
    return this.#scores(item).values;
  }

  /** Mean and standard deviation of ⟨h, b⟩ − ⟨h, a⟩ over the samples. */
  difference(b: number, a: number): { mean: number; deviation: number } {
    const [x, y] = [this.#scores(b), this.#scores(a)];
    let product = 0;
    for (let i = 0; i < this.count; i++) product += x.centred[i] * y.centred[i];
    const squares = Math.max(0, x.squares + y.squares - 2 * product);
    return { mean: x.mean - y.mean, deviation: Math.sqrt(squares / Math.max(1, this.count - 1)) };
  }

  /** weight · (⟨h,b⟩ − ⟨h,a⟩ + offset) of each sample, for the negative b and the positive a. */
  values({ positive, negative }: Pair, weight: number, offset: number): Float64Array {
    const a = this.of(positive);
    return this.of(negative).map((value, i) => weight * (value - a[i] + offset));
  }

  #scores(item: number): Scores {
    const known = this.#known.get(item);
    if (known) return known;
    const v = vectorAt(this.#gallery, item);
    const values = new Float64Array(this.count);
    let total = 0;
    for (let i = 0; i < values.length; i++) {
      values[i] = dot(this.#embeddings, i * v.length, v);
      total += values[i];
    }
    const mean = total / this.count;
    const centred = values.map((value) => value - mean);
    const squares = centred.reduce((sum, value) => sum + value * value, 0);
    const scores = { values, mean, centred, squares };
    this.#known.set(item, scores);
    return scores;
  }
}

/** Four sums side by side: one alone waits for each of its additions. */
function dot(x: Float32Array, from: number, y: Float32Array): number {
  const [a, b, c, d] = [from, from + 1, from + 2, from + 3];
  const whole = y.length & ~3;
  let [p, q, r, s] = [0, 0, 0, 0];
  for (let j = 0; j < whole; j += 4) {
    p += x[a + j] * y[j];
    q += x[b + j] * y[j + 1];
    r += x[c + j] * y[j + 2];
    s += x[d + j] * y[j + 3];
  }
  for (let j = whole; j < y.length; j++) p += x[from + j] * y[j];
  return p + q + (r + s);
}
