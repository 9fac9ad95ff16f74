/** Pixels to what a model wants, and its outputs to unit vectors. */
import { RetrievalGuardError } from '../errors.ts';

/**
 * (x − mean)/std per channel, for `count` images in CHW order; computed in float64 and rounded once. `output` may be
 * `pixels` itself.
 */
export function normalizePixels(
  pixels: Float32Array,
  count: number,
  { mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] },
  output: Float32Array,
): void {
  const channels = mean.length;
  const plane = pixels.length / (count * channels);
  let i = 0;
  for (let image = 0; image < count; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const m = mean[channel];
      const s = std[channel];
      for (const end = i + plane; i < end; i++) output[i] = (pixels[i] - m) / s;
    }
  }
}

/**
 * Scales each row of `rows` to Euclidean length 1, in place; the squares are summed in float64.
 *
 * @param firstImage - index of the image of the first row, for the error message
 * @throws RetrievalGuardError EMBEDDING_INVALID for a row that is zero or not finite
 */
export function normalizeRows(rows: Float32Array, dimension: number, firstImage = 0): void {
  for (let start = 0; start < rows.length; start += dimension) {
    const end = start + dimension;
    let sum = 0;
    for (let i = start; i < end; i++) sum += rows[i] * rows[i];
    const norm = Math.sqrt(sum);
    if (!(norm > 0 && norm < Number.POSITIVE_INFINITY)) {
      throw invalid(rows.subarray(start, end), firstImage + start / dimension);
    }
    for (let i = start; i < end; i++) rows[i] /= norm;
  }
}

function invalid(row: Float32Array, image: number): RetrievalGuardError {
  const at = row.findIndex((value) => !Number.isFinite(value));
  return new RetrievalGuardError('EMBEDDING_INVALID', {
    expected: `a finite embedding that is not zero for image ${image}`,
    got: at < 0 ? 'a zero vector' : `${row[at]} at position ${at} of ${row.length}`,
    fix:
      at < 0
        ? 'A vector without direction cannot be normalised; is the output the embedding, and the mean and std right?'
        : 'The model overflows or divides by zero on this image; are the mean and std right, and its float16 range enough?',
  });
}
