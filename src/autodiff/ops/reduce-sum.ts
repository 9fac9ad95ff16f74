import { reductionOf } from '../reduction.ts';
import { rule } from '../site.ts';

/** y = Σ x over some axes: dx = dy along all of them. */
export const reduceSumRule = rule((site, dy) => [
  site.expand(reductionOf(site).keep(dy), site.input(0).shape),
]);
