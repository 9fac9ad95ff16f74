import { ELEMENT_TYPES, sizeOf } from '../../onnx/index.ts';
import { rule } from '../site.ts';

/** y = max of x over all pixels: dx = dy at the first pixel with the maximum, in scan order, 0 elsewhere. */
export const globalMaxPoolRule = rule((site, dy) => {
  const { value, shape, type } = site.input(0);
  const [n, c] = shape;
  const pixels = sizeOf(shape.slice(2));
  const first = site.op('ArgMax', [site.reshape(value, [n, c, pixels])], { axis: 2 });
  const places = site.g.int64(Array.from({ length: pixels }, (_, i) => i));
  const mask = site.op('Cast', [site.op('Equal', [first, places])], { to: ELEMENT_TYPES[type] });
  return [site.reshape(site.op('Mul', [mask, site.reshape(dy, [n, c, 1])]), shape)];
});
