/**
 * Gathering, and what it turns into: adding values to zeros where indices say, equal indices adding up. From version 16 of the
 * operator set there are nodes for it; before, a product with a matrix of ones where an index meets its row.
 */
import { ELEMENT_TYPES, sizeOf, type Value } from '../../onnx/index.ts';
import { isEqual } from '../masks.ts';
import { pad, permute } from '../shaping.ts';
import { axisOf, type Known, rule, type Rule, type Site } from '../site.ts';

/**
 * Adds up rows.
 *
 * @param rows - [K, …], K the number of indices
 * @param indices - K of any shape, negative ones counting from the end
 * @param shape - [D, …] of the result
 */
function scatterRows(site: Site, rows: Value, indices: Known, shape: readonly number[]): Value {
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
function scatterElements(
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
  const back = shape.map((_, i) => last.indexOf(i));
  const missing = shape.map((size, i) => (i === axis ? 0 : size - indices.shape[i]));
  return pad(site.g, permute(site.g, sums, back), [...shape.map(() => 0), ...missing]);
}

const column = (site: Site, size: number): Value =>
  site.g.constant(BigInt64Array.from(Array(size).keys(), BigInt), [size, 1]);

const asInt64 = (site: Site, { value, type }: Known): Value =>
  type === 'int64' ? value : site.op('Cast', [value], { to: ELEMENT_TYPES.int64 });

/** Indices that count from the start. */
function notNegative(site: Site, indices: Known, size: number): Value {
  const value = asInt64(site, indices);
  const isNegative = site.op('Less', [value, site.g.int64(0)]);
  return site.op('Where', [isNegative, site.op('Add', [value, site.g.int64(size)]), value]);
}

/** The rules of these operators. */
export const GATHERINGS = {
  /**
   * y = the entries of x along `axis` that the indices name; each index gives one slice. dx adds every slice of dy to the entry
   * that it was read from. Constant indices in a row, such as that of the class token, only need zeros around dy.
   */
  Gather: rule((site, dy) => {
    const [x, indices] = [site.input(0), site.input(1)];
    const axis = site.axis();
    const size = x.shape[axis];
    const count = sizeOf(indices.shape);
    const slices = x.shape.map((length, i) => (i === axis ? count : length));
    const updates = indices.shape.length === 1 ? dy : site.reshape(dy, slices);

    const known = indices.integers?.map((index) => axisOf(index, size));
    if (known !== undefined && known.length > 0 && known.every((index, i) => index === known[0] + i)) {
      const pads = (amount: number) => x.shape.map((_, i) => (i === axis ? amount : 0));
      return [pad(site.g, updates, [...pads(known[0]), ...pads(size - known[0] - count)])];
    }
    // rows are what can be added cheaply: bring the axis to the front and back
    const front = [axis, ...x.shape.map((_, i) => i).filter((i) => i !== axis)];
    const back = x.shape.map((_, i) => front.indexOf(i));
    const rows = permute(site.g, updates, front);
    const shape = front.map((i) => x.shape[i]);
    return [permute(site.g, scatterRows(site, rows, indices, shape), back)];
  }),

  /** y[i, j] = x[index[i, j], j] for axis 0, and so on: dx adds every element of dy to the one that it was read from. */
  GatherElements: rule((site, dy) => [
    scatterElements(site, dy, site.input(1), site.input(0).shape, site.axis()),
  ]),
} satisfies Record<string, Rule>;
