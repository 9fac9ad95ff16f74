import { rule } from '../site.ts';

/** y = ln(1 + eˣ): dx = dy sigmoid(x). */
export const softplusRule = rule((site, dy) => [
  site.op('Mul', [dy, site.op('Sigmoid', [site.input(0).value])]),
]);
