import { rule } from '../site.ts';

/** y = tanh x: dx = dy (1 − y²). */
export const tanhRule = rule((site, dy) => {
  const { value: y, type } = site.output(0);
  const slope = site.op('Sub', [site.scalar(1, type), site.op('Mul', [y, y])]);
  return [site.op('Mul', [dy, slope])];
});
