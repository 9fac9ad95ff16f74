import { rule } from '../site.ts';

/** y = sin x: dx = dy cos x. */
export const sinRule = rule((site, dy) => [site.op('Mul', [dy, site.op('Cos', [site.input(0).value])])]);
