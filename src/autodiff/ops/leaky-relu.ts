import { isPositive } from '../masks.ts';
import { rule } from '../site.ts';

/** y = x where x > 0, else alpha x: dx = dy (alpha + (1 − alpha) [x > 0]). */
export const leakyReluRule = rule((site, dy) => {
  const { value: x, type } = site.input(0);
  const alpha = site.float('alpha', 0.01);
  const rise = site.op('Mul', [isPositive(site, x, type), site.scalar(1 - alpha, type)]);
  return [site.op('Mul', [dy, site.op('Add', [rise, site.scalar(alpha, type)])])];
});
