/** Operators that sum up along axes. */
import { sizeOf, type Value } from '../../onnx/index.ts';
import { isEqual } from '../masks.ts';
import { reduce, rule, type Rule, type Site } from '../site.ts';

/**
 * A reduction node, read: its `axes` (an attribute or an input; none means all, or nothing with `noop_with_empty_axes`), not
 * negative; `count`, how many elements of the input make one of the output; and `keep`, which brings the output or its gradient
 * into the shape that has the reduced axes as 1 and broadcasts against the input.
 */
function reductionOf(site: Site) {
  const { shape } = site.input(0);
  const given = site.axes() ?? [];
  const all = shape.map((_, i) => i);
  const axes = given.length > 0 || site.int('noop_with_empty_axes', 0) === 1 ? given : all;
  const kept = shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const keepdims = site.output(0).shape.length === shape.length;
  return {
    axes,
    count: sizeOf(shape) / sizeOf(kept),
    keep: (value: Value): Value => (keepdims ? value : site.reshape(value, kept)),
  };
}

/**
 * y = the largest of some elements of x: dy goes to it; where several are largest, in equal shares, as in PyTorch's amax.
 * ReduceMin has the same rule.
 */
const reduceMaxRule = rule((site, dy) => {
  const { axes, keep } = reductionOf(site);
  const { value: x, type } = site.input(0);
  const mask = isEqual(site, x, keep(site.output(0).value), type);
  const ties = axes.length > 0 ? site.sum(mask, axes) : mask;
  return [site.op('Mul', [mask, site.op('Div', [keep(dy), ties])])];
});

/** The axes that add up to one: before operator set 13 all from `axis` on, as if flattened, since then that one. */
function softmaxAxes(site: Site): number[] {
  const rank = site.input(0).shape.length;
  const first = site.axis(site.opset < 13 ? 1 : -1);
  return site.opset < 13 ? Array.from({ length: rank - first }, (_, i) => first + i) : [first];
}

/** The rules of these operators. */
export const REDUCTIONS = {
  /** y = running sums along an axis: dx = the running sums of dy from the other end. */
  CumSum: rule((site, dy) => {
    const exclusive = site.int('exclusive', 0);
    return [
      site.op('CumSum', [dy, site.input(1).value], { exclusive, reverse: 1 - site.int('reverse', 0) }),
      null,
    ];
  }),

  /** y = x − log Σ exp x along an axis: dx = dy − exp(y) Σ dy. */
  LogSoftmax: rule((site, dy) => {
    const sum = site.sum(dy, softmaxAxes(site));
    return [site.op('Sub', [dy, site.op('Mul', [site.op('Exp', [site.output(0).value]), sum])])];
  }),

  /**
   * y = x / ‖x‖ₚ along an axis: dx = (dy − s Σ dy y) / ‖x‖ₚ with s = y for p = 2 and s = sign x for p = 1. A zero vector gets
   * the gradient 0.
   */
  LpNormalization: rule((site, dy) => {
    const { value, type } = site.input(0);
    const y = site.output(0).value;
    const axes = [site.axis(-1)];
    const p = site.int('p', 2);
    const norm = p === 2 ? reduce(site.g, 'ReduceL2', value, axes) : site.sum(site.op('Abs', [value]), axes);
    const inverse = site.op('Div', [
      site.op('Sign', [norm]),
      site.op('Max', [norm, site.scalar(1e-30, type)]),
    ]);
    const along = site.sum(site.op('Mul', [dy, y]), axes);
    const direction = p === 2 ? y : site.op('Sign', [value]);
    const rest = site.op('Sub', [dy, site.op('Mul', [direction, along])]);
    return [site.op('Mul', [rest, inverse])];
  }),

  /** y = Σ |x| over some axes: dx = dy sign(x), 0 at 0. */
  ReduceL1: rule((site, dy) => [
    site.op('Mul', [reductionOf(site).keep(dy), site.op('Sign', [site.input(0).value])]),
  ]),

  /** y = √Σ x² over some axes: dx = dy x / y; 0 where y = 0, the subgradient of least norm, as in PyTorch. */
  ReduceL2: rule((site, dy) => {
    const { keep } = reductionOf(site);
    const { value: y, type } = site.output(0);
    // where y = 0 so is x, and any other divisor gives 0
    const safe = site.op('Add', [y, isEqual(site, y, site.scalar(0, type), type)]);
    return [site.op('Mul', [site.input(0).value, keep(site.op('Div', [dy, safe]))])];
  }),

  /** y = ln Σ x over some axes: dx = dy / Σ x, and Σ x = exp(y). */
  ReduceLogSum: rule((site, dy) => {
    const share = site.op('Div', [dy, site.op('Exp', [site.output(0).value])]);
    return [site.expand(reductionOf(site).keep(share), site.input(0).shape)];
  }),

  /** y = ln Σ eˣ over some axes: dx = dy exp(x − y), whose exponent is never positive. */
  ReduceLogSumExp: rule((site, dy) => {
    const { keep } = reductionOf(site);
    const share = site.op('Exp', [site.op('Sub', [site.input(0).value, keep(site.output(0).value)])]);
    return [site.op('Mul', [share, keep(dy)])];
  }),

  ReduceMax: reduceMaxRule,

  /** y = the mean of n elements of x: dx = dy / n along the axes reduced. */
  ReduceMean: rule((site, dy) => {
    const { keep, count } = reductionOf(site);
    const { type, shape } = site.input(0);
    const share = site.op('Mul', [keep(dy), site.scalar(1 / count, type)]);
    return [site.expand(share, shape)];
  }),

  ReduceMin: reduceMaxRule,

  /**
   * y = Π x over some axes: dx = dy times the product of the others. With z = 1 where x = 0, n zeros among the factors and p the
   * product of those that are not 0, that is p / (x + z) where n = z and 0 elsewhere: any number of zeros is right.
   */
  ReduceProd: rule((site, dy) => {
    const { axes, keep } = reductionOf(site);
    const { value: x, type } = site.input(0);
    const isZero = isEqual(site, x, site.scalar(0, type), type);
    const safe = site.op('Add', [x, isZero]);
    const [zeros, product] =
      axes.length > 0 ? [site.sum(isZero, axes), reduce(site.g, 'ReduceProd', safe, axes)] : [isZero, safe];
    const others = site.op('Div', [site.op('Mul', [keep(dy), product]), safe]);
    return [site.op('Mul', [others, isEqual(site, zeros, isZero, type)])];
  }),

  /** y = Σ x over some axes: dx = dy along all of them. */
  ReduceSum: rule((site, dy) => [site.expand(reductionOf(site).keep(dy), site.input(0).shape)]),

  /** y = Σ x² over some axes: dx = 2 dy x. */
  ReduceSumSquare: rule((site, dy) => {
    const { value: x, type } = site.input(0);
    const twice = site.op('Mul', [reductionOf(site).keep(dy), site.scalar(2, type)]);
    return [site.op('Mul', [x, twice])];
  }),

  /** y = exp x / Σ exp x along an axis: dx = y (dy − Σ dy y). */
  Softmax: rule((site, dy) => {
    const y = site.output(0).value;
    const sum = site.sum(site.op('Mul', [dy, y]), softmaxAxes(site));
    return [site.op('Mul', [y, site.op('Sub', [dy, sum])])];
  }),
} satisfies Record<string, Rule>;
