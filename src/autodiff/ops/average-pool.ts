import type { Value } from '../../onnx/index.ts';
import { separableGradient } from '../separable.ts';
import { rule } from '../site.ts';
import { windowOf } from '../window.ts';

/**
 * y[o] = mean of x over a window: dx[i] = Σ dy[o] / count[o] over the windows that hold i. Windows are products of
 * intervals and so are their counts, with and without the padding: one matrix per axis.
 */
export const averagePoolRule = rule((site, dy) => {
  const [x, y] = [site.input(0), site.output(0)];
  const axes = x.shape.map((_, axis) => axis).slice(2);
  const kernel = site.ints('kernel_shape') ?? site.fail('a kernel_shape', 'none');
  const window = windowOf(site, kernel, x.shape.slice(2), y.shape.slice(2));
  const autoPad = site.string('auto_pad', 'NOTSET') !== 'NOTSET';
  const declared = autoPad ? undefined : (site.ints('pads') ?? [...kernel, ...kernel].map(() => 0));
  /** Two numbers a window has where one axis is added to a single one. */
  const shift = 2 - axes.length;
  const probe = (axis: number, units: Value): Value => {
    const i = axis - 2;
    const pads = declared
      ? [declared[i], declared[i + axes.length]]
      : [window.pads[i + shift], window.pads[i + shift + 2]];
    return site.op('AveragePool', [units], {
      kernel_shape: [kernel[i], 1],
      strides: [window.strides[i + shift], 1],
      pads: [pads[0], 0, pads[1], 0],
      ceil_mode: site.opset < 10 ? undefined : site.int('ceil_mode', 0),
      count_include_pad: site.int('count_include_pad', 0),
      dilations: site.opset < 19 ? undefined : [window.dilations[i + shift], 1],
    });
  };
  return [separableGradient(site, dy, axes, probe)];
});
