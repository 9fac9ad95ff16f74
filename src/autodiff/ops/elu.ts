import { isPositive } from '../masks.ts';
import { rule } from '../site.ts';

/** y = x where x > 0, else alpha (eˣ − 1): dx = dy (alpha exp(min(x, 0)) + (1 − alpha) [x > 0]). */
export const eluRule = rule((site, dy) => {
  const { value: x, type } = site.input(0);
  const alpha = site.float('alpha', 1);
  const bend = site.op('Exp', [site.op('Min', [x, site.scalar(0, type)])]);
  if (alpha === 1) return [site.op('Mul', [dy, bend])];
  const rise = site.op('Mul', [isPositive(site, x, type), site.scalar(1 - alpha, type)]);
  const slope = site.op('Add', [site.op('Mul', [bend, site.scalar(alpha, type)]), rise]);
  return [site.op('Mul', [dy, slope])];
});
