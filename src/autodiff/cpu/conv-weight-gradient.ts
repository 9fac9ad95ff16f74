/** ConvWeightGradient in blocks. The result is plain. */
import type { NodeProto, Value } from '../../onnx/index.ts';
import type { CompositeNode } from '../composites/composite.ts';
import { type ConvGeometry, convGeometry, isDepthwise } from '../composites/conv-geometry.ts';
import { pad, permute, reshape, slice } from '../shaping.ts';
import type { Layouts } from './layouts.ts';

/** Bytes of dy that are worked on at a time: half of a common L2 cache. */
const PIECE = 2 ** 20;

/** From this many pixels an image's own product is large enough, and a product per image spares an exchange of axes. */
const LARGE_IMAGE = 1500;

/**
 * Lowers ConvWeightGradient(x, dy). Returns false where channels do not come in blocks, and for groups that are not
 * depthwise.
 */
export function lowerConvWeightGradient(
  layouts: Layouts,
  node: NodeProto,
  composite: CompositeNode,
): boolean {
  const geometry = convGeometry(composite);
  const { x, w, y, pads, group } = geometry;
  if (!layouts.fits(y)) return false;
  let dw: Value | undefined;
  if (isDepthwise(geometry)) dw = depthwise(layouts, node, geometry);
  else if (group !== 1 || !(layouts.fits(x) || x[1] < layouts.block)) return false;
  else if (w[2] === 1 && w[3] === 1 && pads.every((size) => size === 0))
    dw = pointwise(layouts, node, geometry);
  else dw = x[1] < layouts.block ? byGroups(layouts, node, geometry) : undefined;
  dw ??= byExchange(layouts, node, geometry);
  layouts.g.op('Identity', [dw], {}, { name: node.output[0] });
  return true;
}

/** How far x reaches in each axis, its padding at the start included, so that kernel and outputs come out even. */
const reachOf = ({ w, y, strides, dilations }: ConvGeometry): number[] =>
  [0, 1].map((i) => strides[i] * (y[i + 2] - 1) + dilations[i] * (w[i + 2] - 1) + 1);

/** Padding of x, negative where its end is not used: [top, left, bottom, right]. */
function padding(geometry: ConvGeometry): number[] {
  const { x, pads } = geometry;
  const reach = reachOf(geometry);
  return [pads[0], pads[1], reach[0] - x[2] - pads[0], reach[1] - x[3] - pads[1]];
}

/** x, padded and plain, some images of the batch: [n, C, H′, W′]. */
function paddedImages(
  layouts: Layouts,
  node: NodeProto,
  geometry: ConvGeometry,
  from: number,
  to: number,
): Value {
  const { g } = layouts;
  const { x } = geometry;
  const n = to - from;
  const [top, left, bottom, right] = padding(geometry);
  const [height, width] = reachOf(geometry);
  const [name] = node.input;
  const some = (value: Value): Value =>
    n === x[0] ? value : slice(g, value, { axes: [0], starts: [from], ends: [to] });
  if (!layouts.isBlocked(name))
    return pad(g, some(layouts.plain(name)), [0, 0, top, left, 0, 0, bottom, right]);
  const open = layouts.open(some(layouts.blocked(name)), [n, ...x.slice(1)]);
  const padded = pad(g, open, [0, 0, top, left, 0, 0, 0, bottom, right, 0]);
  return layouts.reorderOutput(layouts.close(padded, [n, x[1], height, width]), x[1]);
}

/**
 * A convolution of x with dy as its kernel, batch and channel axes exchanged in both, stride and dilation too. A few images at a
 * time, so that their part of dy stays in the cache while the channels of x pass by; each adds to the one before. Below a
 * block of images the convolution takes x plain.
 */
function byExchange(layouts: Layouts, node: NodeProto, geometry: ConvGeometry): Value {
  const { g, block } = layouts;
  const { x, w, y, strides, dilations } = geometry;
  const dy = layouts.blocked(node.input[1]);
  const [count, m, h, width] = y;
  const [height, across] = reachOf(geometry);
  const most = Math.max(1, Math.min(block - 1, Math.floor(PIECE / (4 * m * h * width))));
  const pieces = Math.ceil(count / most);
  let total: Value | null = null;
  for (let piece = 0; piece < pieces; piece++) {
    const from = Math.floor((piece * count) / pieces);
    const to = Math.floor(((piece + 1) * count) / pieces);
    const n = to - from;
    const images = paddedImages(layouts, node, geometry, from, to);
    const image: Value = n === 1 ? images : permute(g, images, [1, 0, 2, 3]);
    const some = n === count ? dy : slice(g, dy, { axes: [0], starts: [from], ends: [to] });
    const planes = reshape(g, some, [n, m / block, h * width * block]);
    const filter = reshape(g, n === 1 ? planes : permute(g, planes, [1, 0, 2]), [m, n, h, width]);
    total = layouts.op(
      'Conv',
      [
        n === 1 ? reshape(g, image, [x[1], 1, height, across]) : image,
        filter,
        null,
        ...(total ? [total] : []),
      ],
      { kernel_shape: [h, width], strides: [...dilations], dilations: [...strides] },
    );
  }
  const open = reshape(g, total!, [x[1], m / block, w[2] * w[3], block]);
  return reshape(g, permute(g, open, [1, 3, 0, 2]), w);
}

/**
 * The same for few channels of x, where a piece by itself would leave threads idle: all pieces at once as groups of one
 * convolution, then their sum. Undefined where the batch does not divide.
 */
function byGroups(layouts: Layouts, node: NodeProto, geometry: ConvGeometry): Value | undefined {
  const { g, block } = layouts;
  const { x, w, y, strides, dilations } = geometry;
  const [count, m, h, width] = y;
  if (count >= block && count % block !== 0) return undefined;
  const most = Math.max(1, Math.min(block - 1, Math.floor(PIECE / (4 * m * h * width))));
  let n = Math.min(most, count);
  while (count % n !== 0) n--;
  const groups = count / n;
  const images = paddedImages(layouts, node, geometry, 0, count);
  const image = permute(g, images, [1, 0, 2, 3]);
  const planes = reshape(g, layouts.blocked(node.input[1]), [groups, n, m / block, h * width * block]);
  const filter = reshape(g, n === 1 ? planes : permute(g, planes, [0, 2, 1, 3]), [groups * m, n, h, width]);
  const parts = layouts.op('Conv', [image, filter], {
    kernel_shape: [h, width],
    strides: [...dilations],
    dilations: [...strides],
    group: groups,
  });
  const open = reshape(g, parts, [x[1], groups, m / block, w[2] * w[3] * block]);
  const sum = groups === 1 ? open : g.op('ReduceSum', [open, g.int64([1])], { keepdims: 0 });
  const taps = reshape(g, sum, [x[1], m / block, w[2] * w[3], block]);
  return reshape(g, permute(g, taps, [1, 3, 0, 2]), w);
}

/** dw = Σ dy xᵀ over all pixels: one product with the larger factor first, or one per image where images are large. */
function pointwise(layouts: Layouts, node: NodeProto, { x, w, y, strides }: ConvGeometry): Value {
  const { g } = layouts;
  const [n, m] = y;
  const c = x[1];
  const pixels = y[2] * y[3];
  const [xName, dyName] = node.input;
  const subsampled = (): Value => {
    if (strides.every((stride) => stride === 1)) return layouts.plain(xName);
    if (!layouts.isBlocked(xName)) {
      const plain = layouts.plain(xName);
      return slice(g, plain, { axes: [2, 3], starts: [0, 0], ends: x.slice(2), steps: strides });
    }
    // the maximum over one pixel
    const attributes = { kernel_shape: [1, 1], strides: [...strides] };
    return layouts.reorderOutput(layouts.op('MaxPool', [layouts.blocked(xName)], attributes), c);
  };
  const [image, upstream] = [subsampled(), layouts.plain(dyName)];
  const product = (a: Value, b: Value): Value =>
    g.op('FusedMatMul', [a, b], { transB: 1 }, { domain: 'com.microsoft' });
  if (pixels >= LARGE_IMAGE) {
    const perImage = product(reshape(g, upstream, [n, m, pixels]), reshape(g, image, [n, c, pixels]));
    return reshape(g, n === 1 ? perImage : g.op('ReduceSum', [perImage, g.int64([0])], { keepdims: 0 }), w);
  }
  const flat = (value: Value, channels: number): Value =>
    reshape(g, n === 1 ? value : permute(g, value, [1, 0, 2, 3]), [channels, n * pixels]);
  const [a, b] = [flat(image, c), flat(upstream, m)];
  return reshape(g, m >= c ? product(b, a) : permute(g, product(a, b), [1, 0]), w);
}

/** Every channel of every image is a group of one convolution, its kernel dy as it is stored; then the sum over the batch. */
function depthwise(layouts: Layouts, node: NodeProto, geometry: ConvGeometry): Value {
  const { g, block } = layouts;
  const { x, w, y, strides, dilations } = geometry;
  const [n, c, height, width] = x;
  const around = padding(geometry);
  const [top, left, bottom, right] = around;
  const image = layouts.blocked(node.input[0]);
  // padding within the convolution is slow for large kernels, and cutting is not possible there
  const before = around.some((size) => size < 0) || (strides[0] === 1 && y[2] >= 16);
  const padded = before
    ? pad(g, layouts.open(image, x), [0, 0, top, left, 0, 0, 0, bottom, right, 0])
    : image;
  const size = before ? reachOf(geometry) : [height, width];
  const kernel = reshape(g, layouts.blocked(node.input[1]), [n * c, 1, y[2], y[3]]);
  const perImage = layouts.op('Conv', [reshape(g, padded, [1, n * c, ...size]), kernel], {
    kernel_shape: y.slice(2),
    strides: [...dilations],
    dilations: [...strides],
    pads: before ? [0, 0, 0, 0] : around,
    group: n * c,
  });
  const taps = w[2] * w[3];
  const open = reshape(g, perImage, [n, c / block, taps, block]);
  const sum = n === 1 ? open : g.op('ReduceSum', [open, g.int64([0])], { keepdims: 0 });
  return reshape(g, permute(g, reshape(g, sum, [c / block, taps, block]), [0, 2, 1]), w);
}
