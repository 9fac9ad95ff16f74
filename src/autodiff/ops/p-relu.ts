import { isPositive } from '../masks.ts';
import { rule } from '../site.ts';

/**
 * y = x where x > 0, else slope x, the slope broadcast to x: dx = dy (slope + (1 − slope) [x > 0]), dslope = dy min(x, 0)
 * summed over the axes along which it was broadcast.
 */
export const pReluRule = rule((site, dy) => {
  const [{ value: x, type, shape }, slope] = [site.input(0), site.input(1)];
  const dx = () => {
    const gap = site.op('Sub', [site.scalar(1, type), slope.value]);
    const rise = site.op('Mul', [isPositive(site, x, type), gap]);
    return site.op('Mul', [dy, site.op('Add', [rise, slope.value])]);
  };
  const dslope = () => {
    const negative = site.op('Min', [x, site.scalar(0, type)]);
    return site.sumTo(site.op('Mul', [dy, negative]), shape, slope.shape);
  };
  return [site.needs[0] ? dx() : null, site.needs[1] ? dslope() : null];
});
