import { reductionOf } from '../reduction.ts';
import { rule } from '../site.ts';

/** y = ln Σ x over some axes: dx = dy / Σ x, and Σ x = exp(y). */
export const reduceLogSumRule = rule((site, dy) => {
  const share = site.op('Div', [dy, site.op('Exp', [site.output(0).value])]);
  return [site.expand(reductionOf(site).keep(share), site.input(0).shape)];
});
