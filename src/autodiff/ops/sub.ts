import { rule } from '../site.ts';

/** y = a − b with broadcasting: da = dy and db = −dy, each summed over the axes along which it was broadcast. */
export const subRule = rule((site, dy) => {
  const to = (i: number) => site.sumTo(dy, site.output(0).shape, site.input(i).shape);
  return [site.needs[0] ? to(0) : null, site.needs[1] ? site.op('Neg', [to(1)]) : null];
});
