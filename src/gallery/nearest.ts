/** Exact nearest neighbours by scanning: no index that approximates, because a certificate needs the true nearest items. */

/** The k smallest squared distances seen so far, in a max-heap; of equal distances the smaller index is the nearer. */
class NearestHeap {
  readonly distances: Float64Array;
  readonly indices: Int32Array;
  size = 0;

  constructor(capacity: number) {
    this.distances = new Float64Array(capacity);
    this.indices = new Int32Array(capacity);
  }

  /** Offers one item; items must come in the order of their indices, so a tie with the farthest kept item loses. */
  offer(distance: number, index: number): void {
    const { distances, size } = this;
    if (size < distances.length) {
      this.size++;
      this.#siftUp(size, distance, index);
    } else if (distance < distances[0]) {
      this.#siftDown(distance, index);
    }
  }

  /** True when item (d, i) is farther than (e, j). */
  static farther(d: number, i: number, e: number, j: number): boolean {
    return d > e || (d === e && i > j);
  }

  #siftUp(hole: number, distance: number, index: number): void {
    const { distances, indices } = this;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!NearestHeap.farther(distance, index, distances[parent], indices[parent])) break;
      distances[hole] = distances[parent];
      indices[hole] = indices[parent];
      hole = parent;
    }
    distances[hole] = distance;
    indices[hole] = index;
  }

  #siftDown(distance: number, index: number): void {
    const { distances, indices, size } = this;
    let hole = 0;
    for (let child = 1; child < size; child = 2 * hole + 1) {
      if (
        child + 1 < size &&
        NearestHeap.farther(distances[child + 1], indices[child + 1], distances[child], indices[child])
      )
        child++;
      if (!NearestHeap.farther(distances[child], indices[child], distance, index)) break;
      distances[hole] = distances[child];
      indices[hole] = indices[child];
      hole = child;
    }
    distances[hole] = distance;
    indices[hole] = index;
  }

  /** Slots from nearest to farthest. */
  order(): number[] {
    const { distances, indices } = this;
    return Array.from({ length: this.size }, (_, slot) => slot).sort(
      (a, b) => distances[a] - distances[b] || indices[a] - indices[b],
    );
  }
}

/** Indices and squared ℓ2 distances of the nearest rows, nearest first. */
export interface NearestRows {
  indices: number[];
  squaredDistances: number[];
}

/**
 * The k rows of `vectors` nearest to `query`, exactly: each squared distance is Σ_j (q_j − v_j)² summed in float64 from first to
 * last coordinate. That form has no cancellation: ‖q‖² + 2(‖v‖²/2 − ⟨q,v⟩) would lose half of the digits where q ≈ v, and
 * unlike a plain inner product it does not need unit norms (smoothed vectors have none). Ties go to the smaller index.
 * @param vectors [count × dimension], row by row.
 * @param query [dimension].
 * @param k at most this many rows; fewer where the gallery is smaller.
 * @param exclude index of a row to leave out (leave-one-out evaluation).
 */
export function nearestRows(
  vectors: Float32Array,
  dimension: number,
  query: Float64Array,
  k: number,
  exclude = -1,
): NearestRows {
  const count = vectors.length / dimension;
  const heap = new NearestHeap(Math.min(k, count));
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
    if (row !== exclude) heap.offer(s0, row);
    if (row + 1 !== exclude) heap.offer(s1, row + 1);
    if (row + 2 !== exclude) heap.offer(s2, row + 2);
    if (row + 3 !== exclude) heap.offer(s3, row + 3);
  }
  for (; row < count; row++) {
    let sum = 0;
    for (let j = 0; j < dimension; j++) {
      const difference = query[j] - vectors[row * dimension + j];
      sum += difference * difference;
    }
    if (row !== exclude) heap.offer(sum, row);
  }
  const order = heap.order();
  return {
    indices: order.map((slot) => heap.indices[slot]),
    squaredDistances: order.map((slot) => heap.distances[slot]),
  };
}
