/** Padding and resampling. */
import type { Value } from '../../onnx/index.ts';
import { separableGradient } from '../separable.ts';
import { pad, slice } from '../shaping.ts';
import { axisOf, rule, type Rule } from '../site.ts';

/** The attributes that say how values between pixels are made. */
const STRINGS = {
  coordinate_transformation_mode: 'half_pixel',
  mode: 'nearest',
  nearest_mode: 'round_prefer_floor',
};

/**
 * Resize, and Upsample, as it was called before version 10 of the operator set:
 * y = x with some axes resampled (nearest, linear or cubic): a matrix of weights for each axis, dx = dy times their
 * transposes.
 */
const resizeRule = rule((site, dy) => {
  const [x, y] = [site.input(0), site.output(0)];
  if (site.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize') {
    site.fail('a resize of the whole image', 'tf_crop_and_resize');
  }
  const named = site.ints('axes')?.map((axis) => axisOf(axis, x.shape.length)) ?? x.shape.map((_, i) => i);
  /** Since 11 the region of tf_crop_and_resize stands before the scales. */
  const scales = site.opset < 11 ? site.input(1) : site.inputs[2];
  const g = site.g;
  const op = site.opset < 10 ? 'Upsample' : 'Resize';
  // until 13 the region and the scales had to be there, if only empty
  const none = site.opset < 13 ? g.constant(new Float32Array(0), [0]) : null;
  const attributes =
    site.opset < 11
      ? { mode: site.string('mode', STRINGS.mode) }
      : {
          ...Object.fromEntries(
            Object.entries(STRINGS).map(([name, value]) => [name, site.string(name, value)]),
          ),
          cubic_coeff_a: site.float('cubic_coeff_a', -0.75),
          exclude_outside: site.int('exclude_outside', 0),
          antialias: site.opset < 18 ? undefined : site.int('antialias', 0),
        };
  const probe = (axis: number, units: Value): Value => {
    const [before, after] = [x.shape[axis], y.shape[axis]];
    if (!scales || scales.shape[0] === 0) {
      return site.op(op, [units, none, none, g.int64([before, 1, after, 1])], attributes);
    }
    const at = named.indexOf(axis);
    const scale = slice(g, scales.value, { axes: [0], starts: [at], ends: [at + 1] });
    const one = g.float32([1]);
    const all = site.op('Concat', [one, one, scale, one], { axis: 0 });
    return site.op(op, site.opset < 11 ? [units, all] : [units, none, all], attributes);
  };
  const resized = named.filter((axis) => x.shape[axis] !== y.shape[axis]);
  return [resized.length > 0 ? separableGradient(site, dy, resized, probe) : dy, null, null, null];
});

/** The rules of these operators. */
export const RESAMPLINGS = {
  /**
   * y = x with more before and after each axis. Constant: dx = the part of dy where x went, the rest is the gradient of the
   * constant. Other modes repeat values of x: each adds up what was made of it.
   */
  Pad: rule((site, dy) => {
    const { shape } = site.input(0);
    const all = shape.map((_, i) => i);
    const declared = site.ints('pads') ?? site.integers(1) ?? site.fail('pads', 'none');
    const axes = site.integers(3)?.map((axis) => axisOf(axis, shape.length)) ?? all;
    const begin = shape.map(() => 0);
    const end = shape.map(() => 0);
    for (const [i, axis] of axes.entries()) {
      begin[axis] = declared[i];
      end[axis] = declared[i + axes.length];
    }
    const mode = site.string('mode', 'constant');
    if (mode === 'constant') {
      const cutOff = (sizes: readonly number[]) =>
        pad(
          site.g,
          dy,
          sizes.map((size) => -size),
        );
      const dConstant = () => {
        const total = (value: Value) => site.sum(value, all, false);
        // where x was cut the constant has no part, and what was cut has no gradient
        const kept = cutOff([...begin, ...end].map((size) => Math.max(size, 0)));
        return site.reshape(site.op('Sub', [total(dy), total(kept)]), site.input(2).shape);
      };
      return [cutOff([...begin, ...end]), null, dConstant, null];
    }
    const padded = all.filter((axis) => begin[axis] !== 0 || end[axis] !== 0);
    const probe = (axis: number, units: Value) => {
      const pads = [0, 0, begin[axis], 0, 0, 0, end[axis], 0];
      return site.opset < 11
        ? site.op('Pad', [units], { mode, pads })
        : site.op('Pad', [units, site.g.int64(pads)], { mode });
    };
    return [padded.length > 0 ? separableGradient(site, dy, padded, probe) : dy, null, null, null];
  }),

  Resize: resizeRule,

  Upsample: resizeRule,
} satisfies Record<string, Rule>;
