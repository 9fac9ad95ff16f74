import { COMPOSITE_DOMAIN } from '../composites/composite.ts';
import { rule } from '../site.ts';
import { asImages, windowOf } from '../window.ts';

/**
 * y[o] = max over a window of x: dy[o] goes to the first maximum of its window in scan order (as PyTorch has it). A composite
 * operator, written out in composites/.
 */
export const maxPoolRule = rule((site, dy) => {
  const [x, y] = [site.input(0), site.output(0)];
  if (x.type !== 'float32') site.fail('float32', x.type);
  if (site.int('storage_order', 0) !== 0) site.fail('row-major storage order', 'column-major');
  const window = windowOf(site, site.ints('kernel_shape') ?? [], x.shape.slice(2), y.shape.slice(2));
  const images = (value: typeof dy, shape: readonly number[]) =>
    shape.length === 3 ? site.reshape(value, asImages(shape)) : value;
  const dx = site.g.op(
    'MaxPoolGradient',
    [images(dy, y.shape), images(x.value, x.shape), images(y.value, y.shape)],
    {
      kernel_shape: [...window.kernel],
      strides: [...window.strides],
      pads: [...window.pads],
      dilations: [...window.dilations],
      x_shape: [...asImages(x.shape)],
      y_shape: [...asImages(y.shape)],
    },
    { domain: COMPOSITE_DOMAIN },
  );
  return [x.shape.length === 3 ? site.reshape(dx, x.shape) : dx];
});
