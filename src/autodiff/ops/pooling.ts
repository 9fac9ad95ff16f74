/** Poolings over windows, and over all pixels. */
import { sizeOf, type Value } from '../../onnx/index.ts';
import { indicator } from '../masks.ts';
import { separableGradient } from '../separable.ts';
import { rule, type Rule } from '../site.ts';
import { asImages, compositeOfImages, windowOf } from '../window.ts';

/** The rules of these operators. */
export const POOLINGS = {
  /**
   * y[o] = mean of x over a window: dx[i] = Σ dy[o] / count[o] over the windows that hold i. Windows are products of
   * intervals and so are their counts, with and without the padding: one matrix per axis.
   */
  AveragePool: rule((site, dy) => {
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
  }),

  /** y = mean of x over all pixels: dx = dy / their number, at every pixel. */
  GlobalAveragePool: rule((site, dy) => {
    const { shape, type } = site.input(0);
    const share = site.op('Mul', [dy, site.scalar(1 / sizeOf(shape.slice(2)), type)]);
    return [site.expand(share, shape)];
  }),

  /** y = max of x over all pixels: dx = dy at the first pixel with the maximum, in scan order, 0 elsewhere. */
  GlobalMaxPool: rule((site, dy) => {
    const { value, shape, type } = site.input(0);
    const [n, c] = shape;
    const pixels = sizeOf(shape.slice(2));
    const first = site.op('ArgMax', [site.reshape(value, [n, c, pixels])], { axis: 2 });
    const places = site.g.int64(Array.from({ length: pixels }, (_, i) => i));
    const mask = indicator(site, site.op('Equal', [first, places]), type);
    return [site.reshape(site.op('Mul', [mask, site.reshape(dy, [n, c, 1])]), shape)];
  }),

  /**
   * y[o] = max over a window of x: dy[o] goes to the first maximum of its window in scan order (as PyTorch has it). A composite
   * operator, written out in composites/.
   */
  MaxPool: rule((site, dy) => {
    const [x, y] = [site.input(0), site.output(0)];
    if (x.type !== 'float32') site.fail('float32', x.type);
    if (site.int('storage_order', 0) !== 0) site.fail('row-major storage order', 'column-major');
    const window = windowOf(site, site.ints('kernel_shape') ?? [], x.shape.slice(2), y.shape.slice(2));
    const attributes = {
      kernel_shape: [...window.kernel],
      strides: [...window.strides],
      pads: [...window.pads],
      dilations: [...window.dilations],
      x_shape: [...asImages(x.shape)],
      y_shape: [...asImages(y.shape)],
    };
    const inputs = [{ value: dy, shape: y.shape }, x, y];
    return [compositeOfImages(site, 'MaxPoolGradient', inputs, attributes, x.shape)];
  }),
} satisfies Record<string, Rule>;
