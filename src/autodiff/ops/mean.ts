import { rule } from '../site.ts';

/** y = (x₀ + … + xₙ₋₁) / n with broadcasting: each gets dy / n, summed over the axes along which it was broadcast. */
export const meanRule = rule((site, dy) => {
  const { shape, type } = site.output(0);
  const share = site.op('Mul', [dy, site.scalar(1 / site.inputs.length, type)]);
  return site.inputs.map((_, i) => (site.needs[i] ? site.sumTo(share, shape, site.input(i).shape) : null));
});
