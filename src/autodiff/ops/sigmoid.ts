import { rule } from '../site.ts';

/** y = 1 / (1 + e⁻ˣ): dx = dy (y − y²). */
export const sigmoidRule = rule((site, dy) => {
  const y = site.output(0).value;
  return [site.op('Mul', [dy, site.op('Sub', [y, site.op('Mul', [y, y])])])];
});
