import { rule } from '../site.ts';

/** y = eˣ: dx = dy y. */
export const expRule = rule((site, dy) => [site.op('Mul', [dy, site.output(0).value])]);
