import { isPositive } from '../masks.ts';
import { rule } from '../site.ts';

/** y = max(x, 0): dx = dy where y > 0, else 0. */
export const reluRule = rule((site, dy) => {
  const { value: y, type } = site.output(0);
  return [site.op('Mul', [dy, isPositive(site, y, type)])];
});
