import { reductionOf } from '../reduction.ts';
import { rule } from '../site.ts';

/** y = ln Σ eˣ over some axes: dx = dy exp(x − y), whose exponent is never positive. */
export const reduceLogSumExpRule = rule((site, dy) => {
  const { keep } = reductionOf(site);
  const share = site.op('Exp', [site.op('Sub', [site.input(0).value, keep(site.output(0).value)])]);
  return [site.op('Mul', [share, keep(dy)])];
});
