import { sizeOf } from '../../onnx/index.ts';
import { scatterRows } from '../scatter.ts';
import { pad, permute } from '../shaping.ts';
import { rule } from '../site.ts';

/**
 * y = the entries of x along `axis` that the indices name; each index gives one slice. dx adds every slice of dy to the entry
 * that it was read from. Constant indices in a row, such as that of the class token, only need zeros around dy.
 */
export const gatherRule = rule((site, dy) => {
  const [x, indices] = [site.input(0), site.input(1)];
  const rank = x.shape.length;
  const axis = (site.int('axis', 0) + rank) % rank;
  const size = x.shape[axis];
  const count = sizeOf(indices.shape);
  const slices = x.shape.map((length, i) => (i === axis ? count : length));
  const updates = indices.shape.length === 1 ? dy : site.reshape(dy, slices);

  const known = indices.integers?.map((index) => (index < 0 ? index + size : index));
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
});
