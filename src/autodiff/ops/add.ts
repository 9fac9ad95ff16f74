import type { Rule } from '../site.ts';

/** y = a + b with broadcasting: the gradient of each is dy summed over the axes along which it was broadcast. */
export const addRule: Rule = (site, [dy]) =>
  [0, 1].map((i) => dy && (site.needs[i] ? site.sumTo(dy, site.output(0).shape, site.input(i).shape) : null));
