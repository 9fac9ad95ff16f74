import { rule } from '../site.ts';

/** y = cos x: dx = −dy sin x. */
export const cosRule = rule((site, dy) => {
  const sin = site.op('Sin', [site.input(0).value]);
  return [site.op('Neg', [site.op('Mul', [dy, sin])])];
});
