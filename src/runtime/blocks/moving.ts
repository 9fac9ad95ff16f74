/** Values in blocks moved along their rows and columns. */
import { sizeOf, type Value } from '../../onnx/index.ts';
import { pad } from '../../autodiff/shaping.ts';
import type { Layouts } from './layouts.ts';

/** More than this is not cut off by a convolution: its kernel would grow with it. */
const FAR = 3;

/** What {@link moved} does to a value. */
export interface Move {
  /** Rows and columns of zeros before the first ones; negative numbers cut off. */
  before: readonly number[];
  /** The same after the last ones. */
  after: readonly number[];
}

/**
 * A blocked value of the given shape [N, C, H, W] after a move, plus `sum`. The move is a depthwise convolution whose kernel is 1 at one
 * place and 0 elsewhere: it runs on all threads, where Pad does not, in a fraction of its time, and adds in the same pass.
 */
export function moved(
  layouts: Layouts,
  value: Value,
  shape: readonly number[],
  { before, after }: Move,
  sum?: Value,
): Value {
  const { g, block } = layouts;
  const [n, channels, ...size] = shape;
  const by = [...before, ...after];
  if (by.some((steps) => steps < -FAR) || by.every((steps) => steps === 0)) {
    const plain = pad(g, layouts.open(value, shape), [0, 0, ...before, 0, 0, 0, ...after, 0]);
    const there = layouts.close(plain, [
      n,
      channels,
      ...size.map((length, i) => length + before[i] + after[i]),
    ]);
    return sum ? g.op('Add', [sum, there]) : there;
  }
  // output i is Σ kernel[k] value[i + k − begin]: 1 at k = cut; what the kernel reaches beyond is cut off at the end
  const cut = before.map((steps) => Math.max(0, -steps));
  const kernel = after.map((steps, i) => 1 + cut[i] + Math.max(0, -steps));
  const begin = before.map((steps) => Math.max(0, steps));
  const end = after.map((steps) => Math.max(0, steps));
  const filter = layouts.shared(`one ${channels} ${kernel.join()} ${cut.join()}`, () => {
    const [taps, one] = [sizeOf(kernel), cut[0] * kernel[1] + cut[1]];
    // [C/b, taps, b]
    const weights = Float32Array.from({ length: channels * taps }, (_, i) =>
      Math.floor(i / block) % taps === one ? 1 : 0,
    );
    return g.constant(weights, [channels, 1, ...kernel]);
  });
  return layouts.op('Conv', [value, filter, null, ...(sum ? [sum] : [])], {
    kernel_shape: kernel,
    pads: [...begin, ...end],
    group: channels,
  });
}
