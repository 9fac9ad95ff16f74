import type { Value } from '../../onnx/index.ts';
import { separableGradient } from '../separable.ts';
import { slice } from '../shaping.ts';
import { rule } from '../site.ts';

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
export const resizeRule = rule((site, dy) => {
  const [x, y] = [site.input(0), site.output(0)];
  const rank = x.shape.length;
  if (site.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize') {
    site.fail('a resize of the whole image', 'tf_crop_and_resize');
  }
  const named = site.ints('axes')?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? x.shape.map((_, i) => i);
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
