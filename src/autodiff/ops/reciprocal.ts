import { rule } from '../site.ts';

/** y = 1 / x: dx = −dy y². */
export const reciprocalRule = rule((site, dy) => {
  const y = site.output(0).value;
  return [site.op('Neg', [site.op('Mul', [site.op('Mul', [dy, y]), y])])];
});
