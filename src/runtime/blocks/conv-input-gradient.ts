/** ConvInputGradient in blocks. */
import type { NodeProto, Value } from '../../onnx/index.ts';
import type { CompositeNode } from '../../autodiff/composites/composite.ts';
import { type ConvGeometry, convGeometry, isDepthwise } from '../../autodiff/composites/conv-geometry.ts';
import { pad, permute, reshape, slice } from '../../autodiff/shaping.ts';
import { denseFilter, depthwiseFilter, transposedFilter } from './filters.ts';
import type { Extras, Layouts } from './layouts.ts';
import { phasePads, phasesOf } from './phases.ts';

/**
 * Lowers ConvInputGradient(dy, w). Returns false where channels do not come in blocks, for groups that are not depthwise, for
 * strides with dilations, and where padding exceeds the kernel.
 */
export function lowerConvInputGradient(layouts: Layouts, node: NodeProto, composite: CompositeNode): boolean {
  const geometry = convGeometry(composite);
  const { x, w, y, strides, dilations, group } = geometry;
  const depthwise = isDepthwise(geometry);
  if (!layouts.fits(y) || (group !== 1 && !depthwise)) return false;
  const dilated = dilations.some((dilation) => dilation !== 1);
  const strided = strides.some((stride) => stride !== 1);
  if (dilated && strided) return false;
  const fewChannels =
    x[1] < layouts.block && strides[0] === strides[1] && x[1] * strides[0] ** 2 <= layouts.block;
  if (!layouts.fits(x) && (!fewChannels || dilated)) return false;
  if (strided && layouts.fits(x)) {
    if (depthwise) return lowerDepthwise(layouts, node, geometry);
    if (w[2] === 1 && w[3] === 1) return lowerPointwise(layouts, node, geometry);
  }

  if (!layouts.fits(x)) {
    const cut = axisPlans(geometry).some(({ phases, size, length }) =>
      phases.some((phase) => phase.taps.length > 0 && !isPlain(phase, size, length)),
    );
    if (cut) return false;
    writeFewChannels(layouts, node, geometry);
    return true;
  }
  const filter = (picked: readonly number[], kernel: readonly number[]): Value => {
    const plain = layouts.plain(node.input[1]);
    if (depthwise)
      return reshape(layouts.g, depthwiseFilter(layouts, plain, w, picked), [x[1], 1, ...kernel]);
    return reshape(layouts.g, transposedFilter(layouts, plain, w, picked), [x[1], y[1], ...kernel]);
  };
  const groups = depthwise ? x[1] : 1;

  if (!strided) {
    const around = [0, 1].map((i) => dilations[i] * (w[i + 2] - 1) - geometry.pads[i]);
    const after = [0, 1].map((i) => x[i + 2] + dilations[i] * (w[i + 2] - 1) - around[i] - y[i + 2]);
    if ([...around, ...after].some((size) => size < 0)) return false;
    layouts.defer(node.output[0], ({ sum, ...activation }: Extras) =>
      layouts.op(
        'Conv',
        [layouts.blocked(node.input[0]), filter(turned(w), w.slice(2)), null, ...(sum ? [sum] : [])],
        {
          kernel_shape: w.slice(2),
          pads: [...around, ...after],
          dilations: [...dilations],
          group: groups,
          ...activation,
        },
      ),
    );
    return true;
  }

  const [rows, columns] = axisPlans(geometry);
  const plain = [rows, columns].every(({ phases, size, length }) =>
    phases.every((phase) => phase.taps.length > 0 && isPlain(phase, size, length)),
  );
  if (!plain) return false;
  const dy = layouts.blocked(node.input[0]);
  const grid = rows.phases.map((row) =>
    columns.phases.map((column) => {
      const kernel = [row.taps.length, column.taps.length];
      const picked = row.taps.flatMap((i) => column.taps.map((j) => i * w[3] + j));
      const [top, bottom] = phasePads(row, rows.size, rows.length);
      const [left, right] = phasePads(column, columns.size, columns.length);
      return layouts.op('Conv', [dy, filter(picked, kernel)], {
        kernel_shape: kernel,
        pads: [top, left, bottom, right],
        group: groups,
      });
    }),
  );
  layouts.give(node.output[0], interleave(layouts, grid, [x[0], x[1], rows.length, columns.length], x));
  return true;
}

/** All taps of a kernel turned by 180°. */
const turned = (w: readonly number[]): number[] => [...Array(w[2] * w[3]).keys()].toReversed();

const isPlain = (phase: { taps: number[]; start: number }, size: number, length: number): boolean =>
  phasePads(phase, size, length).every((padding) => padding >= 0);

/** Per axis: the phases, the size of dy and that of a phase of dx. */
function axisPlans({ x, w, y, strides, pads }: ConvGeometry) {
  return [0, 1].map((i) => ({
    phases: phasesOf(w[i + 2], strides[i], pads[i]),
    size: y[i + 2],
    length: Math.ceil(x[i + 2] / strides[i]),
  }));
}

/** Phases [N, C, h, w] → [N, C, h·s, w·s], cut to the shape of x. */
export function interleave(
  layouts: Layouts,
  grid: readonly (readonly Value[])[],
  [n, c, h, w]: readonly number[],
  x: readonly number[],
): Value {
  const { g, block } = layouts;
  const planes = (n * c) / block;
  const [sh, sw] = [grid.length, grid[0].length];
  const rows = grid.map((phases) => {
    const pixels = phases.map((phase) => reshape(g, phase, [planes * h * w, block]));
    return sw === 1 ? pixels[0] : g.op('Concat', pixels, { axis: 1 });
  });
  const lines = rows.map((row) => reshape(g, row, [planes * h, w * sw * block]));
  const all = sh === 1 ? lines[0] : g.op('Concat', lines, { axis: 1 });
  return crop(layouts, all, [n, c, h * sh, w * sw], x);
}

/** Cuts rows and columns off the end: [N, C, H′, W′] → x. */
function crop(layouts: Layouts, value: Value, shape: readonly number[], x: readonly number[]): Value {
  if (shape.join() === x.join()) return layouts.close(value, x);
  const cut = slice(layouts.g, layouts.open(value, shape), {
    axes: [2, 3],
    starts: [0, 0],
    ends: x.slice(2),
  });
  return layouts.close(cut, x);
}

/** A 1×1 convolution with a stride: the product at low resolution, zeros between its pixels. */
function lowerPointwise(
  layouts: Layouts,
  node: NodeProto,
  { x, w, y, strides, pads }: ConvGeometry,
): boolean {
  if (pads.some((size) => size !== 0)) return false;
  const { g } = layouts;
  const [n, c] = x;
  const [, m, h, width] = y;
  const exchanged = reshape(g, transposedFilter(layouts, layouts.plain(node.input[1]), w, [0]), [c, m, 1, 1]);
  const low = layouts.op('Conv', [layouts.blocked(node.input[0]), exchanged], { kernel_shape: [1, 1] });
  const spread = spreadOut(layouts, low, [n, c, h, width], strides);
  layouts.give(node.output[0], crop(layouts, spread, [n, c, h * strides[0], width * strides[1]], x));
  return true;
}

/**
 * A depthwise convolution with a stride: dy with zeros between its pixels, then the kernel turned by 180°. So few products
 * count less than the passes that putting phases together would take.
 */
function lowerDepthwise(
  layouts: Layouts,
  node: NodeProto,
  { x, w, y, strides, pads }: ConvGeometry,
): boolean {
  const { g } = layouts;
  const [n, c] = x;
  const around = [0, 1].map((i) => w[i + 2] - 1 - pads[i]);
  const after = [0, 1].map((i) => x[i + 2] + w[i + 2] - 1 - around[i] - y[i + 2] * strides[i]);
  if ([...around, ...after].some((size) => size < 0)) return false;
  const spread = spreadOut(layouts, layouts.blocked(node.input[0]), y, strides);
  const image = layouts.close(spread, [n, c, y[2] * strides[0], y[3] * strides[1]]);
  const filter = reshape(g, depthwiseFilter(layouts, layouts.plain(node.input[1]), w, turned(w)), w);
  layouts.defer(node.output[0], ({ sum, ...activation }: Extras) =>
    layouts.op('Conv', [image, filter, null, ...(sum ? [sum] : [])], {
      kernel_shape: w.slice(2),
      pads: [...around, ...after],
      group: c,
      ...activation,
    }),
  );
  return true;
}

/** Zeros after every row and column: [N, C, h, w] in blocks → planes of h·s rows and w·s columns. */
function spreadOut(
  { g, block }: Layouts,
  value: Value,
  [n, c, h, w]: readonly number[],
  strides: readonly number[],
): Value {
  const apart = reshape(g, value, [(n * c) / block, h, 1, w, block]);
  return pad(g, apart, [0, 0, 0, 0, 0, 0, 0, strides[0] - 1, 0, (strides[1] - 1) * block]);
}

/**
 * Fewer channels than a block, as images have: all phases as output channels of one convolution, over the union of their taps, then
 * interleaved by DepthToSpace. The result is plain.
 */
function writeFewChannels(layouts: Layouts, node: NodeProto, geometry: ConvGeometry): void {
  const { g, block } = layouts;
  const { x, w, y, strides } = geometry;
  const stride = strides[0];
  const [, channels, height, width] = x;
  const plans = axisPlans(geometry).map((plan) => {
    const used = plan.phases.filter(({ taps }) => taps.length > 0);
    const start = Math.min(...used.map((phase) => phase.start));
    const end = Math.max(...used.map((phase) => phase.start + phase.taps.length));
    return { ...plan, start, window: end - start };
  });
  const taps = w[2] * w[3];
  // tap number `taps` is a zero behind the last
  const picks = plans[0].phases.flatMap((row) =>
    plans[1].phases.flatMap((column) =>
      Array.from({ length: plans[0].window }, (_, u) =>
        Array.from({ length: plans[1].window }, (_unused, v) => {
          const i = row.taps[u + plans[0].start - row.start];
          const j = column.taps[v + plans[1].start - column.start];
          return i === undefined || j === undefined ? taps : i * w[3] + j;
        }),
      ).flat(),
    ),
  );
  const window = plans[0].window * plans[1].window;
  const outputs = stride * stride * channels;
  const flat = pad(g, reshape(g, layouts.plain(node.input[1]), [y[1], channels, taps]), [0, 0, 0, 0, 0, 1]);
  const picked = g.op('Gather', [flat, g.int64(picks)], { axis: 2 });
  const phases = permute(g, reshape(g, picked, [y[1], channels, stride * stride, window]), [2, 1, 0, 3]);
  const whole = pad(g, reshape(g, phases, [outputs, y[1], window]), [0, 0, 0, block - outputs, 0, 0]);
  const filter = denseFilter(layouts, whole, [block, y[1], plans[0].window, plans[1].window]);
  const around = plans.map(({ start }) => -start);
  const after = plans.map(({ start, window: span, size, length }) => length + span - 1 - size + start);
  const all = layouts.op('Conv', [layouts.blocked(node.input[0]), filter], {
    kernel_shape: plans.map((plan) => plan.window),
    pads: [...around, ...after],
  });
  const plain = layouts.reorderOutput(all, outputs);
  const image = stride === 1 ? plain : g.op('DepthToSpace', [plain], { blocksize: stride, mode: 'DCR' });
  const full = plans.map(({ length }) => length * stride);
  const cut =
    full[0] === height && full[1] === width
      ? image
      : slice(g, image, { axes: [2, 3], starts: [0, 0], ends: [height, width] });
  g.op('Identity', [cut], {}, { name: node.output[0] });
}
