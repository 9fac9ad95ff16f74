/** Values in blocks moved along their rows and columns by depthwise convolutions. */
import type { Value } from '../../onnx/index.ts';
import type { Layouts } from './layouts.ts';

/** Further than this nothing can be cut off: the kernel would grow with it. */
const FAR = 3;

/** What {@link moved} does to a value. */
export interface Move {
  /** Rows and columns of zeros before the first ones; negative numbers cut off. */
  before: readonly number[];
  /** The same after the last ones. */
  after: readonly number[];
  /** Of the rows and columns that this leaves every so-manieth, beginning with the first. Default 1. */
  strides?: readonly number[];
}

/** Whether {@link moved} can do it. */
export const canMove = ({ before, after }: Move): boolean => [...before, ...after].every((by) => by >= -FAR);

/**
 * A blocked value [N, C, H, W] after a move, plus `sum`. A convolution whose kernel is 1 at one place and 0 elsewhere: it runs on all
 * threads, where Pad, Slice and Split do not, in a fraction of their time, and adds in the same pass.
 */
export function moved(
  layouts: Layouts,
  value: Value,
  channels: number,
  { before, after, strides = [1, 1] }: Move,
  sum?: Value,
): Value {
  const { g, block } = layouts;
  // output i is Σ kernel[k] value[i + k − begin]: 1 at k = cut; what the kernel reaches beyond is cut off at the end
  const cut = before.map((by) => Math.max(0, -by));
  const kernel = after.map((by, i) => 1 + cut[i] + Math.max(0, -by));
  const begin = before.map((by) => Math.max(0, by));
  const end = after.map((by) => Math.max(0, by));
  const filter = layouts.shared(`one ${channels} ${kernel.join()} ${cut.join()}`, () => {
    const [taps, one] = [kernel[0] * kernel[1], cut[0] * kernel[1] + cut[1]];
    // [C/b, taps, b]
    const weights = Float32Array.from({ length: channels * taps }, (_, i) =>
      Math.floor(i / block) % taps === one ? 1 : 0,
    );
    return g.constant(weights, [channels, 1, ...kernel]);
  });
  return layouts.op('Conv', [value, filter, null, ...(sum ? [sum] : [])], {
    kernel_shape: kernel,
    strides: [...strides],
    pads: [...begin, ...end],
    group: channels,
  });
}
