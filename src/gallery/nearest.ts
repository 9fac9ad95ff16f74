/** Exact nearest neighbours by scanning: no index that approximates, because a certificate needs the true nearest items. */

/** Rows kept beyond the k nearest before they are sorted again. */
const SLACK = 64;

/** A row and its squared ℓ2 distance. */
export interface NearRow {
  index: number;
  squared: number;
}

/**
 * The k rows of `vectors` nearest to `query`, exactly: each squared distance is Σ_j (q_j − v_j)² summed in float64 from first to
 * last coordinate. That form has no cancellation: ‖q‖² + 2(‖v‖²/2 − ⟨q,v⟩) would lose half of the digits where q ≈ v, and
 * unlike a plain inner product it does not need unit norms (smoothed vectors have none). Ties go to the smaller index.
 * @param vectors [count × dimension], row by row.
 * @param query [dimension].
 * @param k at most this many rows; fewer where the gallery is smaller.
 * @param exclude index of a row to leave out (leave-one-out evaluation).
 * @returns the nearest first.
 */
export function nearestRows(
  vectors: Float32Array,
  dimension: number,
  query: Float64Array,
  k: number,
  exclude = -1,
): NearRow[] {
  const count = vectors.length / dimension;
  let kept: NearRow[] = [];
  let farthest: number | undefined; // of k rows, once so many are kept
  const sort = (): void => {
    kept = kept.sort((a, b) => a.squared - b.squared || a.index - b.index).slice(0, k);
    if (kept.length === k) farthest = kept[k - 1].squared;
  };
  // rows come in their order, so one as far as the farthest is not nearer
  const offer = (squared: number, index: number): void => {
    if (index === exclude || (farthest !== undefined && squared >= farthest)) return;
    kept.push({ index, squared });
    if (kept.length >= 2 * k + SLACK) sort();
  };
  let row = 0;
  // Four rows at a time: four independent sums keep the processor busy while each sum keeps its order.
  for (; row + 4 <= count; row += 4) {
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    const o0 = row * dimension;
    const o1 = o0 + dimension;
    const o2 = o1 + dimension;
    const o3 = o2 + dimension;
    for (let j = 0; j < dimension; j++) {
      const q = query[j];
      const d0 = q - vectors[o0 + j];
      const d1 = q - vectors[o1 + j];
      const d2 = q - vectors[o2 + j];
      const d3 = q - vectors[o3 + j];
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
    }
    offer(s0, row);
    offer(s1, row + 1);
    offer(s2, row + 2);
    offer(s3, row + 3);
  }
  for (; row < count; row++) {
    let sum = 0;
    for (let j = 0; j < dimension; j++) {
      const difference = query[j] - vectors[row * dimension + j];
      sum += difference * difference;
    }
    offer(sum, row);
  }
  sort();
  return kept;
}
