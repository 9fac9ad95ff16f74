import { rule } from '../site.ts';

/** y = x repeated along axes of size 1: dx = dy summed over them. */
export const expandRule = rule((site, dy) => [site.sumTo(dy, site.output(0).shape, site.input(0).shape)]);
