import { pad, slice } from '../shaping.ts';
import { rule } from '../site.ts';

/**
 * y = every step-th entry of x between two bounds, along some axes; backwards with a negative step. dx = dy, turned around
 * where the step is negative, with step − 1 zeros between the entries and zeros before and after.
 */
export const sliceRule = rule((site, dy) => {
  const [x, y] = [site.input(0), site.output(0)];
  const rank = x.shape.length;
  if (y.shape.includes(0)) return [site.zeros(x.shape, x.type)];
  const starts = site.ints('starts') ?? site.integers(1) ?? [];
  const axes = site.axes(rank, 3) ?? starts.map((_, i) => i);
  const given = site.integers(4);

  /** Per axis: the step, and the entry with the lowest index that was taken. */
  const steps = x.shape.map(() => 1);
  const lowest = x.shape.map(() => 0);
  for (const [i, axis] of axes.entries()) {
    const size = x.shape[axis];
    const step = given?.[i] ?? 1;
    const start = starts[i] < 0 ? starts[i] + size : starts[i];
    const first = Math.min(Math.max(start, 0), size - 1);
    steps[axis] = step;
    lowest[axis] = step > 0 ? first : first + (y.shape[axis] - 1) * step;
  }

  const backwards = x.shape.flatMap((_, i) => (steps[i] < 0 ? [i] : []));
  let dx = dy;
  if (backwards.length > 0) {
    dx = slice(site.g, dx, {
      axes: backwards,
      starts: backwards.map(() => -1),
      ends: backwards.map((i) => -y.shape[i] - 1),
      steps: backwards.map(() => -1),
    });
  }
  const strides = steps.map(Math.abs);
  const spread = y.shape.map((size, i) => size * strides[i]);
  if (strides.some((stride) => stride > 1)) {
    const apart = y.shape.flatMap((size) => [size, 1]);
    const zeros = [...apart.map(() => 0), ...strides.flatMap((stride) => [0, stride - 1])];
    dx = site.reshape(pad(site.g, site.reshape(dx, apart), zeros), spread);
  }
  // the zeros after the last entry may reach beyond x: then this cuts them off
  return [pad(site.g, dx, [...lowest, ...x.shape.map((size, i) => size - lowest[i] - spread[i])])];
});
