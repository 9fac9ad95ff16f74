import { scatterElements } from '../scatter.ts';
import { rule } from '../site.ts';

/**
 * y[i, j] = x[index[i, j], j] for axis 0, and so on: dx adds every element of dy to the one that it was read from.
 */
export const gatherElementsRule = rule((site, dy) => {
  const [x, indices] = [site.input(0), site.input(1)];
  const rank = x.shape.length;
  const axis = (site.int('axis', 0) + rank) % rank;
  return [scatterElements(site, dy, indices, x.shape, axis)];
});
