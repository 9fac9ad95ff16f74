/** Reductions over pixels, and their gradients. */
import { intOf, intsOf, type NodeProto } from '../../onnx/index.ts';
import { reshape } from '../../autodiff/shaping.ts';
import { reduce } from '../../autodiff/site.ts';
import type { Layouts } from './layouts.ts';

/** GlobalAveragePool of a blocked value: one pixel has the same order in both layouts, so that the result is plain too. */
export function lowerGlobalAveragePool(layouts: Layouts, node: NodeProto): boolean {
  const [x, y] = [node.input[0], node.output[0]];
  const shape = layouts.info(y)?.shape;
  if (!shape || !layouts.isBlocked(x) || !layouts.fits(shape)) return false;
  layouts.op('GlobalAveragePool', [layouts.blocked(x)], {}, y);
  return true;
}

/**
 * ReduceSum and ReduceMean of a blocked value over pixels, or over pixels and the batch as the gradient of a bias is:
 * first over pixels, which lie side by side, then over the batch.
 */
export function lowerReduction(layouts: Layouts, node: NodeProto): boolean {
  const { g, block } = layouts;
  const op = node.opType;
  if (op !== 'ReduceSum' && op !== 'ReduceMean') return false;
  const [x, axesName] = node.input;
  const [info, result] = [layouts.info(x), layouts.info(node.output[0])];
  if (!info || !result || !layouts.isBlocked(x)) return false;
  const given = intsOf(node, 'axes') ?? (axesName ? layouts.info(axesName)?.integers : undefined);
  const axes = given?.map((axis) => (axis < 0 ? axis + 4 : axis)).sort();
  const overBatch = axes?.join() === '0,2,3';
  if (!overBatch && axes?.join() !== '2,3') return false;
  const [n, c, h, w] = info.shape;
  const pixels = reshape(g, layouts.blocked(x), [n, c / block, h * w, block]);
  const perImage = reduce(g, op, pixels, [2], false);
  const all = overBatch ? reduce(g, op, perImage, [0], false) : perImage;
  g.op('Reshape', [all, g.int64([...result.shape])], {}, { name: node.output[0] });
  return true;
}

/** Expand from one pixel to all, the gradient of a mean over pixels: written in the layout that is asked for. */
export function lowerExpand(layouts: Layouts, node: NodeProto): boolean {
  const { g, block } = layouts;
  const [x, y] = [layouts.info(node.input[0]), layouts.info(node.output[0])];
  if (!x || !y || x.type !== 'float32' || !layouts.fits(y.shape) || x.shape.length !== 4) return false;
  const onePixel = x.shape[2] === 1 && x.shape[3] === 1 && x.shape[1] === y.shape[1];
  if (!onePixel || intOf(node, 'axis', 0) !== 0) return false;
  if (!layouts.users(node.output[0]).every((user) => user && takesBlocks(layouts, user, y.shape)))
    return false;
  const [n, c, h, w] = y.shape;
  layouts.postpone(node.output[0], () => {
    const pixel = reshape(g, layouts.plain(node.input[0]), [x.shape[0], c / block, 1, 1, block]);
    const open = g.op('Expand', [pixel, g.int64([n, c / block, h, w, block])]);
    return layouts.close(open, y.shape);
  });
  return true;
}

/** Whether a node will take this value in blocks: it has another input in blocks, or is a convolution's gradient. */
function takesBlocks(layouts: Layouts, user: NodeProto, shape: readonly number[]): boolean {
  if (user.domain === 'retrievalguard') return true;
  return user.input.some(
    (name) => layouts.isBlocked(name) && layouts.info(name)?.shape.join() === shape.join(),
  );
}
