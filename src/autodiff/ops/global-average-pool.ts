import { sizeOf } from '../../onnx/index.ts';
import { rule } from '../site.ts';

/** y = mean of x over all pixels: dx = dy / their number, at every pixel. */
export const globalAveragePoolRule = rule((site, dy) => {
  const { shape, type } = site.input(0);
  const share = site.op('Mul', [dy, site.scalar(1 / sizeOf(shape.slice(2)), type)]);
  return [site.op('Expand', [share, site.g.int64([...shape])])];
});
