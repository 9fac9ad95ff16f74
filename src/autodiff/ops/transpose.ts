import { permute } from '../shaping.ts';
import { rule } from '../site.ts';

/** y = x with its axes in the order `perm`, reversed by default: dx = dy with the axes put back. */
export const transposeRule = rule((site, dy) => {
  const axes = site.input(0).shape.map((_, i) => i);
  const perm = site.ints('perm') ?? axes.toReversed();
  return [
    permute(
      site.g,
      dy,
      axes.map((axis) => perm.indexOf(axis)),
    ),
  ];
});
