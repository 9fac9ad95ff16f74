import { indicator } from '../masks.ts';
import { rule } from '../site.ts';

/**
 * y = a where the condition holds, else b, all three broadcast: da = dy where it holds, db = dy where not, each summed over
 * the axes along which it was broadcast.
 */
export const whereRule = rule((site, dy) => {
  const [condition, a, b, y] = [site.input(0), site.input(1), site.input(2), site.output(0)];
  const chosen = site.op('Mul', [dy, indicator(site, condition.value, y.type)]);
  return [
    null,
    site.needs[1] ? site.sumTo(chosen, y.shape, a.shape) : null,
    site.needs[2] ? site.sumTo(site.op('Sub', [dy, chosen]), y.shape, b.shape) : null,
  ];
});
