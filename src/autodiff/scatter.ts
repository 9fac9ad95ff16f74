/**
 * Adds values to zeros where indices say, equal indices adding up: what gathering turns into. From version 16 of the operator
 * set there are nodes for it; before, a product with a matrix of ones where an index meets its row.
 */
import { ELEMENT_TYPES, sizeOf, type Value } from '../onnx/index.ts';
import { isEqual } from './masks.ts';
import { pad, permute } from './shaping.ts';
import type { Known, Site } from './site.ts';

/**
 * Adds up rows.
 *
 * @param rows - [K, …], K the number of indices
 * @param indices - K of any shape, negative ones counting from the end
 * @param shape - [D, …] of the result
 */
export function scatterRows(site: Site, rows: Value, indices: Known, shape: readonly number[]): Value {
  const { type } = site.input(0);
  const count = sizeOf(indices.shape);
  if (site.opset >= 16) {
    const places = site.reshape(asInt64(site, indices), [count, 1]);
    return site.op('ScatterND', [site.zeros(shape, type), places, rows], { reduction: 'add' });
  }
  const width = sizeOf(shape.slice(1));
  const places = site.reshape(notNegative(site, indices, shape[0]), [1, count]);
  const ones = isEqual(site, places, column(site, shape[0]), type);
  return site.reshape(site.op('MatMul', [ones, site.reshape(rows, [count, width])]), shape);
}

/**
 * Adds up elements along one axis.
 *
 * @param values - of the shape of `indices`, which is at most `shape` along the other axes
 */
export function scatterElements(
  site: Site,
  values: Value,
  indices: Known,
  shape: readonly number[],
  axis: number,
): Value {
  const { type } = site.input(0);
  if (site.opset >= 16) {
    const zeros = site.zeros(shape, type);
    return site.op('ScatterElements', [zeros, asInt64(site, indices), values], { axis, reduction: 'add' });
  }
  // [D, K] ones times [K, 1] values for each place on the other axes
  const last = [...shape.map((_, i) => i).filter((i) => i !== axis), axis];
  const others = last.slice(0, -1).map((i) => indices.shape[i]);
  const count = indices.shape[axis];
  const places = permute(site.g, notNegative(site, indices, shape[axis]), last);
  const ones = isEqual(site, site.reshape(places, [...others, 1, count]), column(site, shape[axis]), type);
  const columns = site.reshape(permute(site.g, values, last), [...others, count, 1]);
  const sums = site.reshape(site.op('MatMul', [ones, columns]), [...others, shape[axis]]);
  const back = permute(
    site.g,
    sums,
    shape.map((_, i) => last.indexOf(i)),
  );
  const missing = shape.map((size, i) => (i === axis ? 0 : size - indices.shape[i]));
  return pad(site.g, back, [...shape.map(() => 0), ...missing]);
}

const column = (site: Site, size: number): Value =>
  site.g.constant(
    BigInt64Array.from({ length: size }, (_, i) => BigInt(i)),
    [size, 1],
  );

const asInt64 = (site: Site, { value, type }: Known): Value =>
  type === 'int64' ? value : site.op('Cast', [value], { to: ELEMENT_TYPES.int64 });

/** Indices that count from the start. */
function notNegative(site: Site, indices: Known, size: number): Value {
  const value = asInt64(site, indices);
  const isNegative = site.op('Less', [value, site.g.int64(0)]);
  return site.op('Where', [isNegative, site.op('Add', [value, site.g.int64(size)]), value]);
}
