import { COMPOSITE_DOMAIN } from '../composites/composite.ts';
import { type ConvGeometry, convAttributes } from '../composites/conv-geometry.ts';
import { rule } from '../site.ts';
import { asImages, windowOf } from '../window.ts';

/**
 * y = x ∗ w + b over one or two axes. dx and dw are composite operators, written out in composites/; db is dy summed over
 * batch and pixels.
 */
export const convRule = rule((site, dy) => {
  const [x, w, y] = [site.input(0), site.input(1), site.output(0)];
  const window = windowOf(site, w.shape.slice(2), x.shape.slice(2), y.shape.slice(2));
  const geometry: ConvGeometry = {
    ...window,
    group: site.int('group', 1),
    x: asImages(x.shape),
    w: asImages(w.shape),
    y: asImages(y.shape),
  };
  const images = (value: typeof dy, shape: readonly number[]) =>
    shape.length === 3 ? site.reshape(value, asImages(shape)) : value;
  const composite = (type: string, inputs: (typeof dy)[], shape: readonly number[]) => {
    const result = site.g.op(type, inputs, convAttributes(geometry), { domain: COMPOSITE_DOMAIN });
    return shape.length === 3 ? site.reshape(result, shape) : result;
  };
  const upstream = images(dy, y.shape);
  return [
    site.needs[0] ? composite('ConvInputGradient', [upstream, images(w.value, w.shape)], x.shape) : null,
    site.needs[1] ? composite('ConvWeightGradient', [images(x.value, x.shape), upstream], w.shape) : null,
    site.needs[2]
      ? site.sum(
          dy,
          y.shape.map((_, i) => i).filter((i) => i !== 1),
          false,
        )
      : null,
  ];
});
