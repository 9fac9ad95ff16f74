import { rule } from '../site.ts';

/** y = the upper or lower triangle of x, zeros elsewhere: dx = the same triangle of dy. */
export const triluRule = rule((site, dy) => {
  const k = site.inputs[1]?.value;
  return [site.op('Trilu', k ? [dy, k] : [dy], { upper: site.int('upper', 1) }), null];
});
