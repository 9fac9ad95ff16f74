/** Elementwise operators compute in whatever layout their inputs have. */
import { type NodeProto, sizeOf, type Value } from '../../onnx/index.ts';
import { reshape } from '../../autodiff/shaping.ts';
import { copyAttributes } from './attributes.ts';
import type { Layouts } from './layouts.ts';

/** Operators whose every output element depends on the elements of the inputs at the same place only. */
const ELEMENTWISE = new Set(
  `Abs Add And Cast Clip Div Elu Equal Erf Exp Gelu Greater GreaterOrEqual HardSigmoid HardSwish Identity LeakyRelu Less
  LessOrEqual Log Max Mean Min Mul Neg Not Or Pow Reciprocal Relu Selu Sigmoid Softplus Sqrt Sub Sum Tanh Where`.split(
    /\s+/,
  ),
);

/** Lowers an elementwise node that has an input of its output's shape in blocks. Returns false for any other. */
export function lowerElementwise(layouts: Layouts, node: NodeProto): boolean {
  if (!ELEMENTWISE.has(node.opType) || node.output.length !== 1) return false;
  const [name] = node.output;
  const y = layouts.info(name);
  if (!y || !layouts.fits(y.shape)) return false;
  const inputs = node.input.map((input) => (input === '' ? undefined : layouts.info(input)));
  // an input of unknown shape may broadcast in any way
  if (node.input.some((input, i) => input !== '' && !inputs[i])) return false;
  const whole = (i: number): boolean => inputs[i]?.shape.join() === y.shape.join();
  if (!node.input.some((input, i) => whole(i) && layouts.isBlocked(input))) return false;
  if (node.input.some((_, i) => inputs[i] && !canFollow(layouts, inputs[i].shape, y.shape))) return false;
  // a reorder knows floats only
  if (y.type !== 'float32' && !layouts.users(name).every((user) => user && ELEMENTWISE.has(user.opType)))
    return false;
  if (node.input.some((input, i) => whole(i) && inputs[i]!.type !== 'float32' && !layouts.isBlocked(input)))
    return false;

  if (absorb(layouts, node)) return true;
  const { g } = layouts;
  const attributes = copyAttributes(node);
  const broadcast = inputs.some((info, i) => info && !whole(i) && sizeOf(info.shape) > 1);
  const values = node.input.map((input, i): Value | null => {
    if (input === '') return null;
    if (whole(i)) return broadcast ? layouts.open(layouts.blocked(input), y.shape) : layouts.blocked(input);
    return sizeOf(inputs[i]!.shape) === 1 ? layouts.plain(input) : follow(layouts, input, inputs[i]!.shape);
  });
  const result = g.op(node.opType, values, attributes, { domain: node.domain });
  layouts.give(name, broadcast ? layouts.close(result, y.shape) : result);
  return true;
}

/** Whether a smaller input can be brought into a form that broadcasts against blocks. */
function canFollow(layouts: Layouts, shape: readonly number[], whole: readonly number[]): boolean {
  if (sizeOf(shape) === 1) return true;
  if (shape.length !== 4) return false;
  return shape[1] === 1 || (shape[1] === whole[1] && layouts.fits(shape));
}

/** An input of a smaller shape with five dimensions. */
function follow(layouts: Layouts, name: string, shape: readonly number[]): Value {
  const { g, block } = layouts;
  const [n, c, h, w] = shape;
  if (c === 1) return reshape(g, layouts.plain(name), [n, 1, h, w, 1]);
  // one pixel has the same order in both layouts
  if (h === 1 && w === 1) return reshape(g, layouts.plain(name), [n, c / block, 1, 1, block]);
  return layouts.open(layouts.blocked(name), shape);
}

/** Makes ReLU and addition part of the convolution before them. */
function absorb(layouts: Layouts, node: NodeProto): boolean {
  const [name] = node.output;
  if (node.opType === 'Relu' && layouts.canAbsorb(node.input[0])) {
    layouts.give(name, layouts.write(node.input[0], { activation: 'Relu' }));
    return true;
  }
  if ((node.opType !== 'Add' && node.opType !== 'Sum') || node.input.length !== 2) return false;
  const [a, b] = node.input;
  if (a === b || layouts.info(a)?.shape.join() !== layouts.info(b)?.shape.join()) return false;
  // the later of the two, so that the other one is written already
  const [convolution, other] = layouts.canAbsorb(b) ? [b, a] : [a, b];
  if (!layouts.canAbsorb(convolution)) return false;
  layouts.defer(name, (extras) => {
    const sum = layouts.blocked(other);
    return layouts.write(convolution, { ...extras, sum });
  });
  return true;
}
