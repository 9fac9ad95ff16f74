import type { GraphBuilder, Value } from '../../onnx/index.ts';
import { pad, permute, reshape, slice } from '../shaping.ts';
import { reduce } from '../site.ts';
import { type ConvGeometry, reachOf } from './conv-geometry.ts';

/** The weight gradient of a convolution with one kernel per channel: dw[c, 0, t] = Σ_{n, o} dy[n, c, o] · x[n, c, o·stride + t·dilation − pad]. */
export const depthwiseWeightGradient = (
  g: GraphBuilder,
  x: Value,
  dy: Value,
  geometry: ConvGeometry,
): Value => (isNarrow(geometry) ? byRowProducts(g, x, dy, geometry) : perImage(g, x, dy, geometry));

/** One kernel per channel: every channel of every image is a group of a convolution with dy as its kernel; then their sum. */
function perImage(g: GraphBuilder, x: Value, dy: Value, geometry: ConvGeometry): Value {
  const { x: image, w, y, strides, dilations, pads } = geometry;
  const [n, c, height, width] = image;
  const [down, across] = reachOf(geometry);
  const end = [down - height - pads[0], across - width - pads[1]];
  // padding within the convolution is slow for kernels as large as dy
  const padded = pad(g, x, [0, 0, pads[0], pads[1], 0, 0, ...end]);
  const taps = g.op(
    'Conv',
    [reshape(g, padded, [1, n * c, down, across]), reshape(g, dy, [n * c, 1, y[2], y[3]])],
    {
      strides: [...dilations],
      dilations: [...strides],
      group: n * c,
    },
  );
  return reshape(g, reduce(g, 'ReduceSum', reshape(g, taps, [n, c, w[2] * w[3]]), [0], false), w);
}

/** Maps so narrow that products of whole rows cost less than single taps, and with something of x under every tap. */
function isNarrow(geometry: ConvGeometry): boolean {
  const { x, w, y, strides, dilations, pads } = geometry;
  const someRow = Array.from({ length: w[2] }, (_, i) => meeting(geometry, i)).every(
    ({ first, beyond }) => first < beyond,
  );
  const someColumn = dilations[1] * (w[3] - 1) - pads[1] < x[3] && (y[3] - 1) * strides[1] >= pads[1];
  return someRow && someColumn && y[3] <= 40;
}

/** Row `i` of the kernel brings rows r of dy, `first` ≤ r < `beyond`, together with rows r · stride + shift of x. */
function meeting({ x, y, strides, dilations, pads }: ConvGeometry, i: number) {
  const shift = i * dilations[0] - pads[0];
  const first = Math.max(0, Math.ceil(-shift / strides[0]));
  const beyond = Math.min(y[2], Math.floor((x[2] - 1 - shift) / strides[0]) + 1);
  return { shift, first, beyond };
}

/**
 * One kernel per channel, by products of rows: for each row of the kernel, all rows of dy with those of x that it brings
 * together, over the batch, give for each channel the matrix G[q, p] = Σ dy[q] x[p] of pairs of columns; a tap is the sum along a
 * diagonal of it.
 */
function byRowProducts(g: GraphBuilder, x: Value, dy: Value, geometry: ConvGeometry): Value {
  const { x: image, w, y, strides, dilations, pads } = geometry;
  const [n, c, height, width] = image;
  const [, , kh, kw] = w;
  const [oh, ow] = [y[2], y[3]];
  const [, across] = reachOf(geometry);
  const [images, upstream] = [permute(g, x, [1, 0, 2, 3]), permute(g, dy, [1, 0, 2, 3])];
  const rows = Array.from({ length: kh }, (_, i) => {
    const { shift, first, beyond } = meeting(geometry, i);
    const from = first * strides[0] + shift;
    const to = (beyond - 1) * strides[0] + shift + 1;
    const count = beyond - first;
    const above = cutRows(g, upstream, oh, first, beyond, 1);
    const below = cutRows(g, images, height, from, to, strides[0]);
    const columns = permute(g, reshape(g, above, [c, n * count, ow]), [0, 2, 1]);
    const pairs = g.op('MatMul', [columns, reshape(g, below, [c, n * count, width])]);
    // in rows that are longer by the stride, the diagonals stand upright
    const padded = pad(g, pairs, [0, 0, pads[1], 0, 0, across - width - pads[1]]);
    const longer = pad(g, reshape(g, padded, [c, ow * across]), [0, 0, 0, ow * strides[1]]);
    const upright = reshape(g, longer, [c, ow, across + strides[1]]);
    const taps = slice(g, upright, {
      axes: [2],
      starts: [0],
      ends: [(kw - 1) * dilations[1] + 1],
      steps: [dilations[1]],
    });
    return reduce(g, 'ReduceSum', taps, [1]);
  });
  return reshape(g, rows.length === 1 ? rows[0] : g.op('Concat', rows, { axis: 1 }), w);
}

/** Rows `from` to `to` of axis 2 in steps, or the value itself where that is all of them. */
function cutRows(g: GraphBuilder, value: Value, all: number, from: number, to: number, step: number): Value {
  if (from === 0 && to === all && step === 1) return value;
  return slice(g, value, { axes: [2], starts: [from], ends: [to], steps: [step] });
}
