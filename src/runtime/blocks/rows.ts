/** Exchanges of axes that leave rows of memory whole. */
import type { Value } from '../../onnx/index.ts';
import { reshape } from '../../autodiff/shaping.ts';
import type { Layouts } from './layouts.ts';

/** Of one axis only these places, in this order. */
interface Choice {
  axis: number;
  places: readonly number[];
}

/**
 * Exchanges all axes of a value [.., row] but the last, by `perm`. A Gather of rows: unlike Transpose, it runs on all threads.
 * The result has the shape [rows, row].
 */
export function permuteRows(
  layouts: Layouts,
  value: Value,
  shape: readonly number[],
  perm: readonly number[],
  choice?: Choice,
): Value {
  const { g } = layouts;
  const sizes = shape.slice(0, -1);
  const rows = sizes.reduce((product, size) => product * size, 1);
  const chosen = choice ? ` ${choice.axis}: ${choice.places.join()}` : '';
  const order = layouts.shared(`rows ${sizes.join()} ${perm.join()}${chosen}`, () =>
    g.constant(permutation(sizes, perm, choice)),
  );
  return g.op('Gather', [reshape(g, value, [rows, shape.at(-1)!]), order], { axis: 0 });
}

/** Where the elements of [s₀, s₁, …] with exchanged axes stood before. */
function permutation(sizes: readonly number[], perm: readonly number[], choice?: Choice): Int32Array {
  const strides = sizes.map((_, axis) => sizes.slice(axis + 1).reduce((product, size) => product * size, 1));
  let order = Int32Array.of(0);
  for (const axis of perm) {
    const places = choice?.axis === axis ? choice.places : Array.from({ length: sizes[axis] }, (_, k) => k);
    const longer = new Int32Array(order.length * places.length);
    for (let i = 0; i < order.length; i++)
      for (const [k, place] of places.entries())
        longer[i * places.length + k] = order[i] + place * strides[axis];
    order = longer;
  }
  return order;
}
