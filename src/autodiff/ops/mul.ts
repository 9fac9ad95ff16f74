import { rule } from '../site.ts';

/** y = a b with broadcasting: da = dy b and db = dy a, each summed over the axes along which it was broadcast. */
export const mulRule = rule((site, dy) =>
  [0, 1].map((i) => {
    if (!site.needs[i]) return null;
    const product = site.op('Mul', [dy, site.input(1 - i).value]);
    return site.sumTo(product, site.output(0).shape, site.input(i).shape);
  }),
);
