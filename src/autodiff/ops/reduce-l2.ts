import { isEqual } from '../masks.ts';
import { reductionOf } from '../reduction.ts';
import { rule } from '../site.ts';

/** y = √Σ x² over some axes: dx = dy x / y; 0 where y = 0, the subgradient of least norm, as in PyTorch. */
export const reduceL2Rule = rule((site, dy) => {
  const { keep } = reductionOf(site);
  const { value: y, type } = site.output(0);
  // where y = 0 so is x, and any other divisor gives 0
  const safe = site.op('Add', [y, isEqual(site, y, site.scalar(0, type), type)]);
  return [site.op('Mul', [site.input(0).value, keep(site.op('Div', [dy, safe]))])];
});
