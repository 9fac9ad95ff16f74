import { reductionOf } from '../reduction.ts';
import { rule } from '../site.ts';

/** y = Σ |x| over some axes: dx = dy sign(x), 0 at 0. */
export const reduceL1Rule = rule((site, dy) => [
  site.op('Mul', [reductionOf(site).keep(dy), site.op('Sign', [site.input(0).value])]),
]);
