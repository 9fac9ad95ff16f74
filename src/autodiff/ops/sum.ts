import { rule } from '../site.ts';

/** y = x₀ + x₁ + … with broadcasting: the gradient of each is dy summed over the axes along which it was broadcast. */
export const sumRule = rule((site, dy) =>
  site.inputs.map((_, i) =>
    site.needs[i] ? site.sumTo(dy, site.output(0).shape, site.input(i).shape) : null,
  ),
);
