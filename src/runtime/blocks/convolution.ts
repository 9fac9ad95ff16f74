/** Forward convolutions in blocks. */
import { intOf, type NodeProto, type Value } from '../../onnx/index.ts';
import { copyAttributes } from './attributes.ts';
import { denseFilter, outputFilter } from './filters.ts';
import type { Extras, Layouts } from './layouts.ts';

/**
 * Lowers a convolution of two axes whose output channels, and whose input channels where there are as many as a block, come
 * in whole blocks, in one group or depthwise. Returns false for any other.
 */
export function lowerConv(layouts: Layouts, node: NodeProto): boolean {
  const { g, block } = layouts;
  const [xName, wName, bName] = node.input;
  const [x, w, y] = [xName, wName, node.output[0]].map((name) => layouts.info(name));
  if (!x || !w || !y || x.type !== 'float32' || x.shape.length !== 4) return false;
  const group = intOf(node, 'group', 1);
  const channels = x.shape[1];
  const outputs = w.shape[0];
  if (outputs % block !== 0) return false;
  let input: () => Value;
  let filter: () => Value;
  if (group === 1 && channels % block === 0) {
    input = () => layouts.blocked(xName);
    filter = () => denseFilter(layouts, layouts.plain(wName), w.shape);
  } else if (group === 1 && channels < block) {
    input = () => layouts.plain(xName);
    filter = () => outputFilter(layouts, layouts.plain(wName), w.shape);
  } else if (group === channels && group === outputs) {
    input = () => layouts.blocked(xName);
    filter = () => outputFilter(layouts, layouts.plain(wName), w.shape);
  } else return false;
  const bias = bName ? g.value(bName) : null;
  const attributes = { ...copyAttributes(node), kernel_shape: w.shape.slice(2) };
  layouts.defer(node.output[0], ({ sum, ...activation }: Extras) =>
    layouts.op('Conv', [input(), filter(), bias, ...(sum ? [sum] : [])], { ...attributes, ...activation }),
  );
  return true;
}
