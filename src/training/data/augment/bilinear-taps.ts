/** The weights of bilinear resizing with antialiasing, as `PIL.Image.resize` and torchvision have it, along one axis. */

/** Which input samples each output sample sums. */
export interface Taps {
  /** Index of the first input sample, per output sample. */
  readonly first: Int32Array;
  /** How many input samples, per output sample. */
  readonly count: Int32Array;
  /** `stride` weights per output sample that sum to 1. */
  readonly weights: Float32Array;
  readonly stride: number;
}

/**
 * A triangle about the centre of each output sample, as wide as two input samples or, when shrinking, two output
 * samples; cut at the ends of the input and normalised.
 */
export function bilinearTaps(inputLength: number, outputLength: number): Taps {
  const ratio = inputLength / outputLength;
  const support = Math.max(1, ratio);
  const stride = 2 * Math.ceil(support) + 1;
  const first = new Int32Array(outputLength);
  const count = new Int32Array(outputLength);
  const weights = new Float32Array(outputLength * stride);
  for (let i = 0; i < outputLength; i++) {
    const centre = (i + 0.5) * ratio;
    const from = Math.max(0, Math.trunc(centre - support + 0.5));
    const to = Math.min(inputLength, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let t = from; t < to; t++) sum += Math.max(0, 1 - Math.abs(t + 0.5 - centre) / support);
    for (let t = from; t < to; t++)
      weights[i * stride + t - from] = Math.max(0, 1 - Math.abs(t + 0.5 - centre) / support) / sum;
    first[i] = from;
    count[i] = to - from;
  }
  return { first, count, weights, stride };
}
