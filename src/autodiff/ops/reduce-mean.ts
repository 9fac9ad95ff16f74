import { reductionOf } from '../reduction.ts';
import { rule } from '../site.ts';

/** y = the mean of n elements of x: dx = dy / n along the axes reduced. */
export const reduceMeanRule = rule((site, dy) => {
  const { keep, count } = reductionOf(site);
  const { type, shape } = site.input(0);
  const share = site.op('Mul', [keep(dy), site.scalar(1 / count, type)]);
  return [site.expand(share, shape)];
});
