import { isEqual } from '../masks.ts';
import { reductionOf } from '../reduction.ts';
import { rule } from '../site.ts';

/**
 * y = the largest of some elements of x: dy goes to it; where several are largest, in equal shares, as in PyTorch's amax.
 * ReduceMin has the same rule.
 */
export const reduceMaxRule = rule((site, dy) => {
  const { axes, keep } = reductionOf(site);
  const { value: x, type } = site.input(0);
  const mask = isEqual(site, x, keep(site.output(0).value), type);
  const ties = axes.length > 0 ? site.sum(mask, axes) : mask;
  return [site.op('Mul', [mask, site.op('Div', [keep(dy), ties])])];
});
