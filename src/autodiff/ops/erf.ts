import { rule } from '../site.ts';

/** y = erf x: dx = dy 2/√π exp(−x²). */
export const erfRule = rule((site, dy) => {
  const { value: x, type } = site.input(0);
  const bell = site.op('Exp', [site.op('Neg', [site.op('Mul', [x, x])])]);
  return [site.op('Mul', [site.op('Mul', [dy, site.scalar(2 / Math.sqrt(Math.PI), type)]), bell])];
});
