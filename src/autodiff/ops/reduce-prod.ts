import { isEqual } from '../masks.ts';
import { reductionOf } from '../reduction.ts';
import { reduce, rule } from '../site.ts';

/**
 * y = Π x over some axes: dx = dy times the product of the others. With z = 1 where x = 0, n zeros among the factors and p the
 * product of those that are not 0, that is p / (x + z) where n = z and 0 elsewhere: any number of zeros is right.
 */
export const reduceProdRule = rule((site, dy) => {
  const { axes, keep } = reductionOf(site);
  const { value: x, type } = site.input(0);
  const isZero = isEqual(site, x, site.scalar(0, type), type);
  const safe = site.op('Add', [x, isZero]);
  const [zeros, product] =
    axes.length > 0 ? [site.sum(isZero, axes), reduce(site.g, 'ReduceProd', safe, axes)] : [isZero, safe];
  const others = site.op('Div', [site.op('Mul', [keep(dy), product]), safe]);
  return [site.op('Mul', [others, isEqual(site, zeros, isZero, type)])];
});
