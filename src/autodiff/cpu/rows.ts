/** Exchanges of axes that leave rows of memory whole. */
import type { Value } from '../../onnx/index.ts';
import { reshape } from '../shaping.ts';
import type { Layouts } from './layouts.ts';

/**
 * Exchanges all axes of a value [.., row] but the last, by `perm`. A Gather of rows: unlike Transpose, it runs on all threads.
 * The result has the shape [rows, row].
 */
export function permuteRows(
  layouts: Layouts,
  value: Value,
  shape: readonly number[],
  perm: readonly number[],
): Value {
  const { g } = layouts;
  const sizes = shape.slice(0, -1);
  const rows = sizes.reduce((product, size) => product * size, 1);
  const order = layouts.shared(`rows ${sizes.join()} ${perm.join()}`, () =>
    g.constant(permutation(sizes, perm), [rows]),
  );
  return g.op('Gather', [reshape(g, value, [rows, shape.at(-1)!]), order], { axis: 0 });
}

/** Where the elements of [s₀, s₁, …] with exchanged axes stood before. */
function permutation(sizes: readonly number[], perm: readonly number[]): Int32Array {
  const strides = sizes.map((_, axis) => sizes.slice(axis + 1).reduce((product, size) => product * size, 1));
  let order = Int32Array.of(0);
  for (const axis of perm) {
    const [size, stride] = [sizes[axis], strides[axis]];
    const longer = new Int32Array(order.length * size);
    for (let i = 0; i < order.length; i++)
      for (let k = 0; k < size; k++) longer[i * size + k] = order[i] + k * stride;
    order = longer;
  }
  return order;
}
