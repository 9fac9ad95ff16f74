import { rule } from '../site.ts';

/** y = copies of x side by side: dx = dy summed over the copies, each axis taken apart into copies × size. */
export const tileRule = rule((site, dy) => {
  const { shape } = site.input(0);
  const repeats = site.integers(1) ?? shape.map(() => 1);
  const apart = shape.flatMap((size, i) => [repeats[i], size]);
  const copies = shape.flatMap((_, i) => (repeats[i] === 1 ? [] : [2 * i]));
  if (copies.length === 0) return [dy];
  return [site.reshape(site.sum(site.reshape(dy, apart), copies), shape)];
});
