/** Rounds of the iteration: the directions only have to be good ones. */
const ROUNDS = 6;

/**
 * About the `rank` directions in which some vectors are longest: orthonormal, by subspace iteration. Which they are affects the cost of a search, never its result.
 *
 * @param vectors [count × dimension]
 * @returns [rank × dimension]
 */
export function principalDirections(vectors: Float32Array, dimension: number, rank: number): Float32Array {
  const count = vectors.length / dimension;
  // begin with vectors from all over, and unit vectors where those are too few or alike
  let basis = Float64Array.from({ length: rank * dimension }, (_, i) => {
    const [row, column] = [Math.floor(i / dimension), i % dimension];
    const from = Math.floor((row * count) / rank);
    return (count > 0 ? vectors[from * dimension + column] : 0) + (column === row ? 1e-3 : 0);
  });
  orthonormalize(basis, dimension);
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float64Array(rank * dimension);
    for (let i = 0; i < count; i++) {
      const vector = vectors.subarray(i * dimension, (i + 1) * dimension);
      for (let row = 0; row < rank; row++) {
        const at = row * dimension;
        let product = 0;
        for (let d = 0; d < dimension; d++) product += basis[at + d] * vector[d];
        for (let d = 0; d < dimension; d++) next[at + d] += product * vector[d];
      }
    }
    for (let row = 0; row < rank; row++) next[row * dimension + row] += 1e-6 * count;
    orthonormalize(next, dimension);
    basis = next;
  }
  return Float32Array.from(basis);
}

/** Makes rows orthonormal, in place: Gram and Schmidt, twice. A row that is none gives way to a unit vector. */
export function orthonormalize(rows: Float64Array, dimension: number): void {
  const count = rows.length / dimension;
  for (let row = 0; row < count; row++) {
    const vector = rows.subarray(row * dimension, (row + 1) * dimension);
    let unit = 0;
    while (!makeOrthogonal(vector, rows, row, dimension)) vector.fill(0)[unit++] = 1;
  }
}

/** Makes a vector orthogonal to the first `count` rows, and of length 1; false where nothing is left of it. */
export function makeOrthogonal(
  vector: Float64Array,
  rows: ArrayLike<number>,
  count: number,
  dimension: number,
): boolean {
  const length = (): number => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  const before = length();
  for (let pass = 0; pass < 3; pass++) {
    for (let row = 0; row < count; row++) {
      const at = row * dimension;
      let product = 0;
      for (let d = 0; d < dimension; d++) product += rows[at + d] * vector[d];
      for (let d = 0; d < dimension; d++) vector[d] -= product * rows[at + d];
    }
  }
  const left = length();
  if (!(left > 1e-6 * before) || !(left > 1e-12)) return false;
  for (let d = 0; d < dimension; d++) vector[d] /= left;
  return true;
}
