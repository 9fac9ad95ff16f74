import { rule } from '../site.ts';

/** y = ln x: dx = dy / x. */
export const logRule = rule((site, dy) => [site.op('Div', [dy, site.input(0).value])]);
