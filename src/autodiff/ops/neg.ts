import { rule } from '../site.ts';

/** y = −x: dx = −dy. */
export const negRule = rule((site, dy) => [site.op('Neg', [dy])]);
