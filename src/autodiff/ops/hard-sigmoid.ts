import { isPositive } from '../masks.ts';
import { rule } from '../site.ts';

/** y = min(max(alpha x + beta, 0), 1): dx = alpha dy where 0 < y < 1, that is y − y² > 0, else 0. */
export const hardSigmoidRule = rule((site, dy) => {
  const { value: y, type } = site.output(0);
  const inside = isPositive(site, site.op('Sub', [y, site.op('Mul', [y, y])]), type);
  const alpha = site.scalar(site.float('alpha', 0.2), type);
  return [site.op('Mul', [site.op('Mul', [dy, alpha]), inside])];
});
