import { separableGradient } from '../separable.ts';
import { pad } from '../shaping.ts';
import { rule } from '../site.ts';

/**
 * y = x with more before and after each axis. Constant: dx = the part of dy where x went, the rest is the gradient of the
 * constant. Other modes repeat values of x: each adds up what was made of it.
 */
export const padRule = rule((site, dy) => {
  const { shape } = site.input(0);
  const rank = shape.length;
  const declared = site.ints('pads') ?? site.integers(1) ?? site.fail('pads', 'none');
  const axes = site.integers(3)?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? shape.map((_, i) => i);
  const begin = shape.map(() => 0);
  const end = shape.map(() => 0);
  for (const [i, axis] of axes.entries()) {
    begin[axis] = declared[i];
    end[axis] = declared[i + axes.length];
  }
  const mode = site.string('mode', 'constant');
  if (mode === 'constant') {
    const inner = pad(
      site.g,
      dy,
      [...begin, ...end].map((size) => -size),
    );
    const dConstant = () => {
      const all = (value: typeof dy) =>
        site.sum(
          value,
          shape.map((_, i) => i),
          false,
        );
      // where x was cut the constant has no part, and what was cut has no gradient
      const kept = pad(
        site.g,
        dy,
        [...begin, ...end].map((size) => -Math.max(size, 0)),
      );
      return site.reshape(site.op('Sub', [all(dy), all(kept)]), site.input(2).shape);
    };
    return [site.needs[0] ? inner : null, null, site.needs[2] ? dConstant() : null, null];
  }
  const padded = shape.map((_, i) => i).filter((axis) => begin[axis] !== 0 || end[axis] !== 0);
  const probe = (axis: number, units: typeof dy) => {
    const pads = [0, 0, begin[axis], 0, 0, 0, end[axis], 0];
    return site.opset < 11
      ? site.op('Pad', [units], { mode, pads })
      : site.op('Pad', [units, site.g.int64(pads)], { mode });
  };
  return [padded.length > 0 ? separableGradient(site, dy, padded, probe) : dy, null, null, null];
});
