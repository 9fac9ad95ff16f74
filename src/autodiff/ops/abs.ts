import { rule } from '../site.ts';

/** y = |x|: dx = dy sign(x), 0 at 0. */
export const absRule = rule((site, dy) => [site.op('Mul', [dy, site.op('Sign', [site.input(0).value])])]);
