/** Linear operators that act on each axis by itself: resizing, average pooling, padding by repetition. */
import { sizeOf, type Value } from '../onnx/index.ts';
import type { Site } from './site.ts';

/**
 * The gradient of y = (A₁ ⊗ A₂ ⊗ …) x, one matrix per axis: dy times the transpose of each. The matrices are the operator's own
 * answers to unit vectors, so every mode and rounding of it is followed; ONNX Runtime computes them once, when it loads the model.
 *
 * @param probe - the operator along `axis` alone, applied to axis 2 of a value [n, 1, n, 1], the rest left as it is
 */
export function separableGradient(
  site: Site,
  dy: Value,
  axes: readonly number[],
  probe: (axis: number, units: Value) => Value,
): Value {
  const [x, y] = [site.input(0), site.output(0)];
  const shape = [...y.shape];
  let gradient = dy;
  for (const axis of axes) {
    const [before, after] = [x.shape[axis], y.shape[axis]];
    const transposed = site.reshape(probe(axis, unitVectors(site, before)), [before, after]);
    const outer = sizeOf(shape.slice(0, axis));
    const inner = sizeOf(shape.slice(axis + 1));
    shape[axis] = before;
    if (inner === 1) {
      const rows = site.reshape(gradient, [outer, after]);
      gradient = site.op('MatMul', [rows, site.op('Transpose', [transposed], { perm: [1, 0] })]);
    } else {
      gradient = site.op('MatMul', [transposed, site.reshape(gradient, [outer, after, inner])]);
    }
  }
  return site.reshape(gradient, shape);
}

/** The unit vectors of n dimensions as n images of one column. */
function unitVectors(site: Site, n: number): Value {
  const Numbers = site.input(0).type === 'float64' ? Float64Array : Float32Array;
  const units = new Numbers(n * n);
  for (let i = 0; i < n; i++) units[i * (n + 1)] = 1;
  return site.g.constant(units, [n, 1, n, 1]);
}
