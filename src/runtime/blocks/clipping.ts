/**
 * Clipping as part of the convolution before it, as ReLU6 needs it, and its gradient from the clipped values alone.
 *
 * The portable gradient multiplies by the mask x = clip(x): x stays in memory beside y, and comparing and casting are two more passes,
 * one of them on a single thread. Here x is never written, and the mask low < y < high takes two passes:
 *
 *     v = |y − centre|      a 1×1 depthwise convolution with LeakyRelu of slope −1
 *     mask = 1 where v is below the radius, else 0      a steep HardSigmoid
 *
 * Where x meets a bound exactly, or comes nearer than the spacing of floats around the centre, no gradient passes (as in
 * PyTorch's relu6; its clamp lets it pass). Both are derivatives of one side.
 */
import { float, floats, type NodeProto, type Value } from '../../onnx/index.ts';
import type { ClipRange, Layouts } from './layouts.ts';

/**
 * Lowers a Clip with constant bounds whose input is a convolution that only this Clip and masks of its gradient take. The masks are
 * noted for {@link lowerMask}. Returns false for any other.
 */
export function lowerClip(layouts: Layouts, node: NodeProto): boolean {
  const [x, ...bounds] = node.input;
  const [y] = node.output;
  const [low, high] = bounds.map((name) => layouts.info(name)?.floats?.[0]);
  if (node.opType !== 'Clip' || low === undefined || high === undefined || !(low < high)) return false;
  if (!layouts.isDeferred(x)) return false;
  const masks: string[] = [];
  for (const user of layouts.users(x)) {
    if (user === node) continue;
    const isMask = user?.opType === 'Equal' && user.input.includes(x) && user.input.includes(y);
    if (!isMask) return false;
    const casts = layouts.users(user.output[0]);
    if (!casts.every((cast) => cast?.opType === 'Cast' && layouts.info(cast.output[0])?.type === 'float32'))
      return false;
    masks.push(user.output[0]);
  }
  layouts.give(y, layouts.write(x, { activation: 'Clip', activation_params: floats([low, high]) }));
  for (const mask of masks) layouts.masks.set(mask, { y, low, high });
  return true;
}

/** Lowers the comparison and the cast of a mask that {@link lowerClip} noted: the first is left out, the second is the mask. */
export function lowerMask(layouts: Layouts, node: NodeProto): boolean {
  if (node.opType === 'Equal') return layouts.masks.has(node.output[0]);
  const range = node.opType === 'Cast' ? layouts.masks.get(node.input[0]) : undefined;
  if (range === undefined) return false;
  layouts.give(node.output[0], inside(layouts, range));
  return true;
}

/** 1 where low < y < high, else 0. */
function inside(layouts: Layouts, { y, low, high }: ClipRange): Value {
  const { g } = layouts;
  const channels = layouts.info(y)!.shape[1];
  const centre = Math.fround((low + high) / 2);
  const ones = g.constant(new Float32Array(channels).fill(1), [channels, 1, 1, 1]);
  const shift = g.constant(new Float32Array(channels).fill(-centre));
  const distance = layouts.op('Conv', [layouts.blocked(y), ones, shift], {
    kernel_shape: [1, 1],
    group: channels,
    activation: 'LeakyRelu',
    activation_params: floats([-1]),
  });
  const radius = Math.min(Math.fround(centre - low), Math.fround(high - centre));
  // the float below the radius gives 1: the slope is the inverse of their distance, a power of two
  const step = radius - below(radius);
  return g.op('HardSigmoid', [distance], { alpha: float(-1 / step), beta: float(radius / step) });
}

/** The next float32 towards 0. */
function below(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] -= 1;
  return new Float32Array(bits.buffer)[0];
}
