import { reductionOf } from '../reduction.ts';
import { rule } from '../site.ts';

/** y = Σ x² over some axes: dx = 2 dy x. */
export const reduceSumSquareRule = rule((site, dy) => {
  const { value: x, type } = site.input(0);
  const twice = site.op('Mul', [reductionOf(site).keep(dy), site.scalar(2, type)]);
  return [site.op('Mul', [x, twice])];
});
