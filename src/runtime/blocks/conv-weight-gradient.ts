/** ConvWeightGradient in blocks. The result is plain. */
import type { NodeProto, Value } from '../../onnx/index.ts';
import type { CompositeNode } from '../../autodiff/composites/composite.ts';
import {
  type ConvGeometry,
  convGeometry,
  isDepthwise,
  isPointwise,
  reachOf,
} from '../../autodiff/composites/conv-geometry.ts';
import { pad, permute, reshape, slice } from '../../autodiff/shaping.ts';
import { plainWeights } from './filters.ts';
import { permuteRows } from './rows.ts';
import { moved } from './moving.ts';
import { reduce } from '../../autodiff/site.ts';
import type { Layouts } from './layouts.ts';

/** Bytes of dy that are worked on at a time: half of a common L2 cache. */
const PIECE = 2 ** 20;

/** From this many rows on, it does not matter which factor of a product comes first. */
const WIDE = 256;

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
  const { x, y, group } = geometry;
  if (!layouts.fits(y)) return false;
  let dw: Value | undefined;
  if (isDepthwise(geometry)) dw = depthwise(layouts, node, geometry);
  else if (group !== 1 || !(layouts.fits(x) || x[1] < layouts.block)) return false;
  else if (isPointwise(geometry)) dw = pointwise(layouts, node, geometry);
  else dw = x[1] < layouts.block ? byGroups(layouts, node, geometry) : undefined;
  dw ??= byExchange(layouts, node, geometry);
  layouts.g.op('Identity', [dw], {}, { name: node.output[0] });
  return true;
}

/** Padding of x, negative where its end is not used: [top, left, bottom, right]. */
function padding(geometry: ConvGeometry): number[] {
  const { x, pads } = geometry;
  const reach = reachOf(geometry);
  return [pads[0], pads[1], reach[0] - x[2] - pads[0], reach[1] - x[3] - pads[1]];
}

/** x, padded and plain: [N, C, H′, W′]. */
function paddedImages(layouts: Layouts, node: NodeProto, geometry: ConvGeometry): Value {
  const { g } = layouts;
  const { x } = geometry;
  const [top, left, bottom, right] = padding(geometry);
  const [name] = node.input;
  if (!layouts.isBlocked(name)) return pad(g, layouts.plain(name), [0, 0, top, left, 0, 0, bottom, right]);
  return layouts.reorderOutput(paddedBlocks(layouts, node, geometry), x[1]);
}

/** x, padded and in blocks: [N, C, H′, W′]. */
function paddedBlocks(layouts: Layouts, node: NodeProto, geometry: ConvGeometry): Value {
  const [top, left, bottom, right] = padding(geometry);
  const image = layouts.blocked(node.input[0]);
  return moved(layouts, image, geometry.x, { before: [top, left], after: [bottom, right] });
}

/**
 * A convolution of x with dy as its kernel, batch and channel axes exchanged in both, stride and dilation too. A few images at a
 * time, so that their part of dy stays in the cache while the channels of x pass by; each adds to the one before. Below a
 * block of images the convolution takes x plain.
 */
function byExchange(layouts: Layouts, node: NodeProto, geometry: ConvGeometry): Value {
  const { g, block } = layouts;
  const { x, w, y, strides, dilations } = geometry;
  const [count, m, h, width] = y;
  const [height, across] = reachOf(geometry);
  const most = Math.max(1, Math.min(block - 1, Math.floor(PIECE / (4 * m * h * width))));
  const pieces = Math.ceil(count / most);
  const images = reshape(g, paddedImages(layouts, node, geometry), [count * x[1], height * across]);
  const kernels = reshape(g, layouts.blocked(node.input[1]), [(count * m) / block, h * width * block]);
  let total: Value | null = null;
  for (let piece = 0; piece < pieces; piece++) {
    const from = Math.floor((piece * count) / pieces);
    const to = Math.floor(((piece + 1) * count) / pieces);
    const image = reshape(g, exchanged(layouts, images, x[1], from, to), [x[1], to - from, height, across]);
    const filter = reshape(g, exchanged(layouts, kernels, m / block, from, to), [m, to - from, h, width]);
    total = layouts.op('Conv', [image, filter, null, ...(total ? [total] : [])], {
      kernel_shape: [h, width],
      strides: [...dilations],
      dilations: [...strides],
    });
  }
  return plainWeights(layouts, total!, w);
}

/** Rows [N · planes, …] of the images `from` … `to` − 1 in the order [planes · n, …]: a choice and an exchange in one copy. */
function exchanged({ g }: Layouts, rows: Value, planes: number, from: number, to: number): Value {
  const order = Array.from({ length: planes }, (_, plane) =>
    Array.from({ length: to - from }, (_unused, i) => (from + i) * planes + plane),
  );
  return g.op('Gather', [rows, g.int64(order.flat())], { axis: 0 });
}

/**
 * The same for few channels of x, where a piece by itself would leave threads idle: all pieces at once as groups of one
 * convolution, then their sum. Large images are cut into strips of rows that count as images. Undefined where the number of images is
 * not one that the convolution takes.
 */
function byGroups(layouts: Layouts, node: NodeProto, geometry: ConvGeometry): Value | undefined {
  const { g, block } = layouts;
  const { x, w, y, strides, dilations } = geometry;
  const [batch, m, h, width] = y;
  const c = x[1];
  const isCount = (count: number): boolean => count < block || count % block === 0;
  let strips = 1;
  while (strips < h && (h % strips !== 0 || 4 * m * (h / strips) * width > PIECE)) strips++;
  if (!isCount(batch * strips)) strips = 1;
  const count = batch * strips;
  if (!isCount(count)) return undefined;
  const rows = h / strips;
  const most = Math.max(1, Math.min(block - 1, Math.floor(PIECE / (4 * m * rows * width))));
  let n = Math.min(most, count);
  while (count % n !== 0) n--;
  const groups = count / n;

  const [height, across] = reachOf(geometry);
  const stripHeight = height - strides[0] * (h - rows);
  const images = paddedImages(layouts, node, geometry);
  const cut = (): Value[] =>
    Array.from({ length: strips }, (_, strip) => {
      const start = strides[0] * strip * rows;
      return slice(g, images, { axes: [2], starts: [start], ends: [start + stripHeight] });
    });
  const pieces = strips === 1 ? images : g.op('Concat', cut(), { axis: 1 });
  // [N, strips, C, …] → [C, N · strips, …]
  const exchanged = permute(g, reshape(g, pieces, [count, c, stripHeight * across]), [1, 0, 2]);
  const image = reshape(g, exchanged, [c, count, stripHeight, across]);
  // [N, M/b, strips, row] → [groups, M/b, n, row], row a strip of a block
  const run = rows * width * block;
  const dy = layouts.blocked(node.input[1]);
  const perStrip = strips === 1 ? dy : permuteRows(layouts, dy, [batch, m / block, strips, run], [0, 2, 1]);
  const kernels = n === 1 ? perStrip : permuteRows(layouts, perStrip, [groups, n, m / block, run], [0, 2, 1]);
  const filter = reshape(g, kernels, [groups * m, n, rows, width]);
  const parts = layouts.op('Conv', [image, filter], {
    kernel_shape: [rows, width],
    strides: [...dilations],
    dilations: [...strides],
    group: groups,
  });
  const open = reshape(g, parts, [c, groups, m / block, w[2] * w[3] * block]);
  const sum = groups === 1 ? open : reduce(g, 'ReduceSum', open, [1], false);
  return plainWeights(layouts, sum, w);
}

/** dw = Σ dy xᵀ over all pixels: a product per image and their sum, or one product. */
function pointwise(layouts: Layouts, node: NodeProto, { x, w, y, strides }: ConvGeometry): Value {
  const { g } = layouts;
  const [n, m] = y;
  const c = x[1];
  const pixels = y[2] * y[3];
  const [xName, dyName] = node.input;
  const strided = strides.some((stride) => stride !== 1);
  const blockedImage = (): Value => {
    const image = layouts.blocked(xName);
    // the maximum over one pixel
    return strided ? layouts.op('MaxPool', [image], { kernel_shape: [1, 1], strides: [...strides] }) : image;
  };
  const plainImage = (): Value => {
    if (!strided) return layouts.plain(xName);
    if (layouts.isBlocked(xName)) return layouts.reorderOutput(blockedImage(), c);
    const cut = { axes: [2, 3], starts: [0, 0], ends: x.slice(2), steps: strides };
    return slice(g, layouts.plain(xName), cut);
  };
  const product = (a: Value, b: Value): Value =>
    g.op('FusedMatMul', [a, b], { transB: 1 }, { domain: 'com.microsoft' });
  // a narrow factor is better taken second; where both are wide, an exchange of the result costs more
  const swapped = m < c && m < WIDE;
  const ordered = (dy: Value, image: Value): Value => (swapped ? product(image, dy) : product(dy, image));
  const finished = (dw: Value): Value => reshape(g, swapped ? permute(g, dw, [1, 0]) : dw, w);
  // products of all images take m·c values each, one product needs all (m + c)·pixels in another order
  if (pixels * (m + c) > m * c) {
    const upstream = reshape(g, layouts.plain(dyName), [n, m, pixels]);
    const perImage = ordered(upstream, reshape(g, plainImage(), [n, c, pixels]));
    if (n === 1) return finished(reshape(g, perImage, swapped ? [c, m] : [m, c]));
    return finished(reduce(g, 'ReduceSum', perImage, [0], false));
  }
  const image = layouts.isBlocked(xName)
    ? acrossBatch(layouts, blockedImage(), [n, c, pixels])
    : reshape(g, permute(g, plainImage(), [1, 0, 2, 3]), [c, n * pixels]);
  return finished(ordered(acrossBatch(layouts, layouts.blocked(dyName), [n, m, pixels]), image));
}

/** [N, C, pixels] in blocks → plain [C, N·pixels]: images exchanged with blocks first, which are the longest runs. */
function acrossBatch(layouts: Layouts, value: Value, [n, c, pixels]: readonly number[]): Value {
  const { g, block } = layouts;
  const runs = permuteRows(layouts, value, [n, c / block, pixels * block], [1, 0]);
  const planes = layouts.reorderOutput(reshape(g, runs, [c / block, block, n, pixels]), block);
  return reshape(g, planes, [c, n * pixels]);
}

/** Every channel of every image is a group of one convolution, its kernel dy as it is stored; then the sum over the batch. */
function depthwise(layouts: Layouts, node: NodeProto, geometry: ConvGeometry): Value {
  const { g, block } = layouts;
  const { x, w, y, strides, dilations } = geometry;
  const [n, c, height, width] = x;
  const around = padding(geometry);
  // padding within the convolution is slow for large kernels, and cutting is not possible there
  const before = around.some((size) => size < 0) || (strides[0] === 1 && y[2] >= 16);
  const image = before ? paddedBlocks(layouts, node, geometry) : layouts.blocked(node.input[0]);
  const size = before ? reachOf(geometry) : [height, width];
  const kernel = reshape(g, layouts.blocked(node.input[1]), [n * c, 1, y[2], y[3]]);
  const perImage = layouts.op('Conv', [reshape(g, image, [1, n * c, ...size]), kernel], {
    kernel_shape: y.slice(2),
    strides: [...dilations],
    dilations: [...strides],
    pads: before ? [0, 0, 0, 0] : around,
    group: n * c,
  });
  const taps = w[2] * w[3];
  const open = reshape(g, perImage, [n, c / block, taps, block]);
  const sum = n === 1 ? open : reduce(g, 'ReduceSum', open, [0], false);
  return plainWeights(layouts, sum, w);
}
