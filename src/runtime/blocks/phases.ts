/**
 * The phases of a transposed convolution. With stride s, dx at the places i = s·a + r depends on every s-th tap of the
 * kernel only:
 *
 *     i = o·s + t − pad   ⇒   t = t₀ + s·j,  o = a + q − j   with t₀ = (r + pad) mod s, q = (r + pad − t₀)/s
 *
 * so that each phase r is a convolution of dy of stride 1, and nothing is multiplied by zeros.
 */

/** One phase along one axis. */
export interface Phase {
  /** Forward taps in the order in which the convolution of dy takes them. */
  taps: number[];
  /** The first of them meets dy at a + `start`. */
  start: number;
}

/** All phases along one axis: r = 0 … stride − 1. `taps` may be empty. */
export function phasesOf(kernel: number, stride: number, pad: number): Phase[] {
  return Array.from({ length: stride }, (_, r) => {
    const first = (r + pad) % stride;
    const q = (r + pad - first) / stride;
    const count = Math.max(0, Math.ceil((kernel - first) / stride));
    const taps = Array.from({ length: count }, (_unused, i) => first + stride * (count - 1 - i));
    return { taps, start: q - count + 1 };
  });
}

/** Zeros before and after dy [size] so that a phase gives `length` values. */
export const phasePads = (phase: Phase, size: number, length: number): [number, number] => [
  -phase.start,
  length + phase.taps.length - 1 - size + phase.start,
];
