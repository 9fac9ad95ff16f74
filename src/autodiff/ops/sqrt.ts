import { rule } from '../site.ts';

/** y = √x: dx = dy / (2 y), infinite at 0 as the derivative is. */
export const sqrtRule = rule((site, dy) => {
  const { value: y, type } = site.output(0);
  return [site.op('Div', [site.op('Mul', [dy, site.scalar(0.5, type)]), y])];
});
