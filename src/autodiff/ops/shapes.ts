/** Operators that move values and change none. */
import { pad, permute, slice } from '../shaping.ts';
import { rule, type Rule } from '../site.ts';

/** y = x in another shape: dx = dy in the shape of x. Flatten, Squeeze and Unsqueeze are the same. */
const reshapeRule = rule((site, dy) => [site.reshape(dy, site.input(0).shape)]);

/** The rules of these operators. */
export const SHAPES = {
  /** y = the inputs one after the other along `axis`: each gets its cut-out of dy. */
  Concat: rule((site, dy) => {
    const axis = site.axis();
    let next = 0;
    return site.inputs.map((_, i) => {
      const start = next;
      const end = (next += site.input(i).shape[axis]);
      return () => slice(site.g, dy, { axes: [axis], starts: [start], ends: [end] });
    });
  }),

  /**
   * y = channels laid out as blocks of pixels, [N, C b², H, W] → [N, C, H b, W b]: dx puts them back. In mode DCR the offset in
   * the block is the slow part of the channel, in CRD the fast one.
   */
  DepthToSpace: rule((site, dy) => {
    const [n, channels, height, width] = site.input(0).shape;
    const b = site.int('blocksize', 1);
    const blocks = site.reshape(dy, [n, channels / (b * b), height, b, width, b]);
    const perm = site.string('mode', 'DCR') === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4];
    return [site.reshape(permute(site.g, blocks, perm), site.input(0).shape)];
  }),

  /** y = x repeated along axes of size 1: dx = dy summed over them. */
  Expand: rule((site, dy) => [site.toInput(dy, 0)]),

  Flatten: reshapeRule,

  Reshape: reshapeRule,

  /**
   * y = every step-th entry of x between two bounds, along some axes; backwards with a negative step. dx = dy, turned around
   * where the step is negative, with step − 1 zeros between the entries and zeros before and after.
   */
  Slice: rule((site, dy) => {
    const [x, y] = [site.input(0), site.output(0)];
    if (y.shape.includes(0)) return [site.zeros(x.shape, x.type)];
    const starts = site.ints('starts') ?? site.integers(1) ?? [];
    const axes = site.axes(3) ?? starts.map((_, i) => i);
    const given = site.integers(4);

    /** Per axis: the step, and the entry with the lowest index that was taken. */
    const steps = x.shape.map(() => 1);
    const lowest = x.shape.map(() => 0);
    for (const [i, axis] of axes.entries()) {
      const size = x.shape[axis];
      const step = given?.[i] ?? 1;
      const start = starts[i] < 0 ? starts[i] + size : starts[i];
      const first = Math.min(Math.max(start, 0), size - 1);
      steps[axis] = step;
      lowest[axis] = step > 0 ? first : first + (y.shape[axis] - 1) * step;
    }

    const backwards = x.shape.flatMap((_, i) => (steps[i] < 0 ? [i] : []));
    let dx = dy;
    if (backwards.length > 0) {
      dx = slice(site.g, dx, {
        axes: backwards,
        starts: backwards.map(() => -1),
        ends: backwards.map((i) => -y.shape[i] - 1),
        steps: backwards.map(() => -1),
      });
    }
    const strides = steps.map(Math.abs);
    const spread = y.shape.map((size, i) => size * strides[i]);
    if (strides.some((stride) => stride > 1)) {
      const apart = y.shape.flatMap((size) => [size, 1]);
      const zeros = [...apart.map(() => 0), ...strides.flatMap((stride) => [0, stride - 1])];
      dx = site.reshape(pad(site.g, site.reshape(dx, apart), zeros), spread);
    }
    // the zeros after the last entry may reach beyond x: then this cuts them off
    return [pad(site.g, dx, [...lowest, ...x.shape.map((size, i) => size - lowest[i] - spread[i])])];
  }),

  /** y = blocks of pixels as channels, [N, C, H, W] → [N, C b², H/b, W/b]: DepthToSpace puts them back. */
  SpaceToDepth: rule((site, dy) => [site.op('DepthToSpace', [dy], { blocksize: site.int('blocksize', 1) })]),

  /** The outputs are x in pieces along `axis`: dx = the gradients of all pieces one after the other, zeros for unused ones. */
  Split: (site, upstream) => {
    const { shape, type } = site.input(0);
    const axis = site.axis();
    // equal pieces by default; the last one is smaller where that does not come out even
    const equal = Math.ceil(shape[axis] / upstream.length);
    const sizes =
      site.ints('split') ??
      site.integers(1) ??
      upstream.map((_, i) => Math.max(0, Math.min(equal, shape[axis] - i * equal)));
    const pieces = upstream.map((dy, i) => dy ?? site.zeros(shape.with(axis, sizes[i]), type));
    return [pieces.length === 1 ? pieces[0] : site.op('Concat', pieces, { axis })];
  },

  Squeeze: reshapeRule,

  /** y = copies of x side by side: dx = dy summed over the copies, each axis taken apart into copies × size. */
  Tile: rule((site, dy) => {
    const { shape } = site.input(0);
    const repeats = site.integers(1) ?? shape.map(() => 1);
    const apart = shape.flatMap((size, i) => [repeats[i], size]);
    const copies = shape.flatMap((_, i) => (repeats[i] === 1 ? [] : [2 * i]));
    if (copies.length === 0) return [dy];
    return [site.reshape(site.sum(site.reshape(dy, apart), copies), shape)];
  }),

  /** y = x with its axes in the order `perm`, reversed by default: dx = dy with the axes put back. */
  Transpose: rule((site, dy) => {
    const axes = site.input(0).shape.map((_, i) => i);
    const perm = site.ints('perm') ?? axes.toReversed();
    const back = axes.map((axis) => perm.indexOf(axis));
    return [permute(site.g, dy, back)];
  }),

  /** y = the upper or lower triangle of x, zeros elsewhere: dx = the same triangle of dy. */
  Trilu: rule((site, dy) => {
    const k = site.inputs[1]?.value;
    return [site.op('Trilu', k ? [dy, k] : [dy], { upper: site.int('upper', 1) }), null];
  }),

  Unsqueeze: reshapeRule,
} satisfies Record<string, Rule>;
