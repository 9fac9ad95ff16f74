/** Operators that act on each value by itself, with broadcasting. */
import { ELEMENT_TYPES, float, type Value } from '../../onnx/index.ts';
import { indicator, isEqual, isPositive } from '../masks.ts';
import { rule, type Rule, type Site } from '../site.ts';

/** The sum of dy over what Clip cut to its bound `i`. */
function cut(site: Site, dy: Value, comparison: 'Less' | 'Greater', i: number): Value {
  const { value: x, type } = site.input(0);
  const mask = indicator(site, site.op(comparison, [x, site.input(i).value]), type);
  return site.toInput(site.op('Mul', [dy, mask]), i);
}

/** y′ = Φ(x) + x φ(x), φ the normal density. */
function exactSlope(site: Site, x: Value): Value {
  const { type } = site.input(0);
  const erf = site.op('Erf', [site.op('Mul', [x, site.scalar(Math.SQRT1_2, type)])]);
  const half = site.scalar(0.5, type);
  const phi = site.op('Add', [site.op('Mul', [erf, half]), half]);
  const square = site.op('Mul', [x, x]);
  const density = site.op('Exp', [site.op('Mul', [square, site.scalar(-0.5, type)])]);
  const scaled = site.op('Mul', [x, site.scalar(1 / Math.sqrt(2 * Math.PI), type)]);
  return site.op('Add', [phi, site.op('Mul', [scaled, density])]);
}

/** With t = tanh(u), u = √(2/π) (x + 0.044715 x³): y′ = ½ (1 + t) + ½ x (1 − t²) u′ = ½ (1 + t) (1 + x (1 − t) u′). */
function tanhSlope(site: Site, x: Value): Value {
  const { type } = site.input(0);
  const constant = (value: number) => site.scalar(value, type);
  const root = Math.sqrt(2 / Math.PI);
  const one = constant(1);
  const square = site.op('Mul', [x, x]);
  const series = site.op('Add', [site.op('Mul', [square, constant(0.044715 * root)]), constant(root)]);
  const t = site.op('Tanh', [site.op('Mul', [x, series])]);
  const steep = site.op('Add', [site.op('Mul', [square, constant(3 * 0.044715 * root)]), constant(root)]);
  const bend = site.op('Mul', [site.op('Mul', [x, steep]), site.op('Sub', [one, t])]);
  const half = site.op('Mul', [site.op('Add', [t, one]), constant(0.5)]);
  return site.op('Mul', [half, site.op('Add', [bend, one])]);
}

/** y = x₀ + x₁ + … with broadcasting: the gradient of each is dy summed over the axes along which it was broadcast. */
const sumRule = rule((site, dy) => site.inputs.map((_, i) => () => site.toInput(dy, i)));

/**
 * y = max(x₀, x₁, …) with broadcasting: dy goes to the inputs that equal y; where several do, in equal shares, as in
 * PyTorch's maximum. Min has the same rule.
 */
const maxRule = rule((site, dy) => {
  const y = site.output(0);
  if (site.inputs.length === 1) return [dy];
  const masks = site.inputs.map((_, i) => isEqual(site, site.input(i).value, y.value, y.type));
  const shares = site.op('Div', [dy, site.op('Sum', masks)]);
  return masks.map((mask, i) => () => site.toInput(site.op('Mul', [shares, mask]), i));
});

/** p xᵖ⁻¹, by multiplications where p is known to be simple. */
function powSlope(site: Site): Value {
  const [{ value: x, type }, p] = [site.input(0), site.input(1)];
  const times = (factor: number, value: Value) => site.op('Mul', [value, site.scalar(factor, type)]);
  const known = p.integers?.length === 1 ? p.integers[0] : site.constant(1);
  switch (known) {
    case undefined:
      break;
    case 2:
      return times(2, x);
    case 3:
      return times(3, site.op('Mul', [x, x]));
    case 0.5:
      return site.op('Div', [site.scalar(0.5, type), site.output(0).value]);
    case 0:
      return times(0, site.output(0).value);
    default:
      return times(known, site.op('Pow', [x, site.scalar(known - 1, type)]));
  }
  const exponent = p.type === type ? p.value : site.op('Cast', [p.value], { to: ELEMENT_TYPES[type] });
  const isZero = isEqual(site, exponent, site.scalar(0, type), type);
  // where p = 0, any power that is finite everywhere will do
  const lower = site.op('Add', [site.op('Sub', [exponent, site.scalar(1, type)]), isZero]);
  return site.op('Mul', [exponent, site.op('Pow', [x, lower])]);
}

/** The rules of these operators. */
export const ELEMENTWISE = {
  /** y = |x|: dx = dy sign(x), 0 at 0. */
  Abs: rule((site, dy) => [site.op('Mul', [dy, site.op('Sign', [site.input(0).value])])]),

  Add: sumRule,

  /** y = x as another float type: dx = dy as the type of x. Nothing comes back through integers and booleans. */
  Cast: rule((site, dy) => [site.op('Cast', [dy], { to: ELEMENT_TYPES[site.input(0).type] })]),

  /**
   * y = min(max(x, low), high): dx = dy where low ≤ x ≤ high, both bounds included as in PyTorch's clamp, else 0. That is where
   * the node left x as it is. The bounds are scalars; each gets the sum of dy over what was cut to it.
   */
  Clip: rule((site, dy) => {
    const { value: x, type } = site.input(0);
    return [
      () => site.op('Mul', [dy, isEqual(site, x, site.output(0).value, type)]),
      () => cut(site, dy, 'Less', 1),
      () => cut(site, dy, 'Greater', 2),
    ];
  }),

  /** y = cos x: dx = −dy sin x. */
  Cos: rule((site, dy) => {
    const sin = site.op('Sin', [site.input(0).value]);
    return [site.op('Neg', [site.op('Mul', [dy, sin])])];
  }),

  /**
   * y = a / b with broadcasting: da = dy / b and db = −dy y / b, each summed over the axes along which it was broadcast. b is the
   * same along those axes, so that its division comes after the sum, where there is less to divide.
   */
  Div: rule((site, dy) => {
    const [b, y] = [site.input(1).value, site.output(0).value];
    return [
      () => site.toInput(site.op('Div', [dy, b]), 0),
      () => site.op('Neg', [site.op('Div', [site.toInput(site.op('Mul', [dy, y]), 1), b])]),
    ];
  }),

  /** y = x in inference, and with a ratio of 0: dx = dy. The ratio is ½ where none is given. */
  Dropout: rule((site, dy) => {
    const [, ratio, training] = site.inputs;
    const drops = training !== undefined && training !== null && training.integers?.[0] !== 0;
    if (drops && ratio?.floats?.[0] !== 0) site.fail('dropout in inference form', 'training mode');
    return [dy, null, null];
  }),

  /** y = x where x > 0, else alpha (eˣ − 1): dx = dy (alpha exp(min(x, 0)) + (1 − alpha) [x > 0]). */
  Elu: rule((site, dy) => {
    const { value: x, type } = site.input(0);
    const alpha = site.float('alpha', 1);
    const bend = site.op('Exp', [site.op('Min', [x, site.scalar(0, type)])]);
    if (alpha === 1) return [site.op('Mul', [dy, bend])];
    const rise = site.op('Mul', [isPositive(site, x, type), site.scalar(1 - alpha, type)]);
    const slope = site.op('Add', [site.op('Mul', [bend, site.scalar(alpha, type)]), rise]);
    return [site.op('Mul', [dy, slope])];
  }),

  /** y = erf x: dx = dy 2/√π exp(−x²). */
  Erf: rule((site, dy) => {
    const { value: x, type } = site.input(0);
    const bell = site.op('Exp', [site.op('Neg', [site.op('Mul', [x, x])])]);
    return [site.op('Mul', [site.op('Mul', [dy, site.scalar(2 / Math.sqrt(Math.PI), type)]), bell])];
  }),

  /** y = eˣ: dx = dy y. */
  Exp: rule((site, dy) => [site.op('Mul', [dy, site.output(0).value])]),

  /** The approximation by tanh at x + bias (com.microsoft): dx = dy · y′, dbias its sum over the axes of broadcasting. */
  FastGelu: rule((site, dy) => {
    const [x, bias] = site.inputs;
    const at = bias ? site.op('Add', [x!.value, bias.value]) : x!.value;
    const gradient = site.op('Mul', [dy, tanhSlope(site, at)]);
    return [gradient, () => site.toInput(gradient, 1)];
  }),

  /** y = x Φ(x), Φ the normal distribution function, or its approximation by tanh: dx = dy · y′. */
  Gelu: rule((site, dy) => {
    const { value } = site.input(0);
    const slope = site.string('approximate', 'none') === 'tanh' ? tanhSlope : exactSlope;
    return [site.op('Mul', [dy, slope(site, value)])];
  }),

  /** y = min(max(alpha x + beta, 0), 1): dx = alpha dy where 0 < y < 1, that is y − y² > 0, else 0. */
  HardSigmoid: rule((site, dy) => {
    const { value: y, type } = site.output(0);
    const inside = isPositive(site, site.op('Sub', [y, site.op('Mul', [y, y])]), type);
    const alpha = site.scalar(site.float('alpha', 0.2), type);
    return [site.op('Mul', [site.op('Mul', [dy, alpha]), inside])];
  }),

  /** y = x h with h = min(max(x/6 + 1/2, 0), 1): dx = dy (h + x/6) where −3 ≤ x ≤ 3, else dy h. */
  HardSwish: rule((site, dy) => {
    const { value: x, type } = site.input(0);
    const h = site.op('HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) });
    const inner = site.op('Clip', [x, site.scalar(-3, type), site.scalar(3, type)]);
    const sixth = site.op('Mul', [x, site.scalar(1 / 6, type)]);
    const slope = site.op('Add', [h, site.op('Mul', [sixth, isEqual(site, x, inner, type)])]);
    return [site.op('Mul', [dy, slope])];
  }),

  /** y = x: dx = dy. Dropout in inference form is the same. */
  Identity: (_, [dy]) => [dy],

  /** y = x where x > 0, else alpha x: dx = dy (alpha + (1 − alpha) [x > 0]). */
  LeakyRelu: rule((site, dy) => {
    const { value: x, type } = site.input(0);
    const alpha = site.float('alpha', 0.01);
    const rise = site.op('Mul', [isPositive(site, x, type), site.scalar(1 - alpha, type)]);
    return [site.op('Mul', [dy, site.op('Add', [rise, site.scalar(alpha, type)])])];
  }),

  /** y = ln x: dx = dy / x. */
  Log: rule((site, dy) => [site.op('Div', [dy, site.input(0).value])]),

  Max: maxRule,

  /** y = (x₀ + … + xₙ₋₁) / n with broadcasting: each gets dy / n, summed over the axes along which it was broadcast. */
  Mean: rule((site, dy) => {
    const share = site.op('Mul', [dy, site.scalar(1 / site.inputs.length, site.output(0).type)]);
    return site.inputs.map((_, i) => () => site.toInput(share, i));
  }),

  Min: maxRule,

  /** y = a b with broadcasting: da = dy b and db = dy a, each summed over the axes along which it was broadcast. */
  Mul: rule((site, dy) =>
    [0, 1].map((i) => () => site.toInput(site.op('Mul', [dy, site.input(1 - i).value]), i)),
  ),

  /** y = −x: dx = −dy. */
  Neg: rule((site, dy) => [site.op('Neg', [dy])]),

  /**
   * y = x where x > 0, else slope x, the slope broadcast to x: dx = dy (slope + (1 − slope) [x > 0]), dslope = dy min(x, 0)
   * summed over the axes along which it was broadcast.
   */
  PRelu: rule((site, dy) => {
    const [{ value: x, type }, { value: slope }] = [site.input(0), site.input(1)];
    const dx = () => {
      const gap = site.op('Sub', [site.scalar(1, type), slope]);
      const rise = site.op('Mul', [isPositive(site, x, type), gap]);
      return site.op('Mul', [dy, site.op('Add', [rise, slope])]);
    };
    const dslope = () => site.toInput(site.op('Mul', [dy, site.op('Min', [x, site.scalar(0, type)])]), 1);
    return [dx, dslope];
  }),

  /**
   * y = xᵖ with broadcasting: dx = dy p xᵖ⁻¹ (0 for p = 0, also at x = 0) and dp = dy y ln x (0 at x = 0, the limit for
   * p > 0), each summed over the axes along which it was broadcast.
   */
  Pow: rule((site, dy) => {
    const { value: x, type } = site.input(0);
    const dp = () => {
      const base = site.op('Add', [x, isEqual(site, x, site.scalar(0, type), type)]);
      return site.op('Mul', [site.op('Mul', [dy, site.output(0).value]), site.op('Log', [base])]);
    };
    return [() => site.toInput(site.op('Mul', [dy, powSlope(site)]), 0), () => site.toInput(dp(), 1)];
  }),

  /** y = x s, s = σ(αx) (com.microsoft): dx = dy · (s + α y (1 − s)). */
  QuickGelu: rule((site, dy) => {
    const { value, type } = site.input(0);
    const alpha = site.scalar(site.float('alpha', 1.702), type);
    const s = site.op('Sigmoid', [site.op('Mul', [value, alpha])]);
    const steep = site.op('Mul', [site.output(0).value, site.op('Sub', [site.scalar(1, type), s])]);
    return [site.op('Mul', [dy, site.op('Add', [s, site.op('Mul', [steep, alpha])])])];
  }),

  /** y = 1 / x: dx = −dy y². */
  Reciprocal: rule((site, dy) => {
    const y = site.output(0).value;
    return [site.op('Neg', [site.op('Mul', [site.op('Mul', [dy, y]), y])])];
  }),

  /** y = max(x, 0): dx = dy where y > 0, else 0. */
  Relu: rule((site, dy) => {
    const { value: y, type } = site.output(0);
    return [site.op('Mul', [dy, isPositive(site, y, type)])];
  }),

  /** y = 1 / (1 + e⁻ˣ): dx = dy (y − y²). */
  Sigmoid: rule((site, dy) => {
    const y = site.output(0).value;
    return [site.op('Mul', [dy, site.op('Sub', [y, site.op('Mul', [y, y])])])];
  }),

  /** y = sin x: dx = dy cos x. */
  Sin: rule((site, dy) => [site.op('Mul', [dy, site.op('Cos', [site.input(0).value])])]),

  /** y = ln(1 + eˣ): dx = dy sigmoid(x). */
  Softplus: rule((site, dy) => [site.op('Mul', [dy, site.op('Sigmoid', [site.input(0).value])])]),

  /** y = √x: dx = dy / (2 y), infinite at 0 as the derivative is. */
  Sqrt: rule((site, dy) => {
    const { value: y, type } = site.output(0);
    return [site.op('Div', [site.op('Mul', [dy, site.scalar(0.5, type)]), y])];
  }),

  /** y = a − b with broadcasting: da = dy and db = −dy, each summed over the axes along which it was broadcast. */
  Sub: rule((site, dy) => [() => site.toInput(dy, 0), () => site.op('Neg', [site.toInput(dy, 1)])]),

  Sum: sumRule,

  /** y = tanh x: dx = dy (1 − y²). */
  Tanh: rule((site, dy) => {
    const { value: y, type } = site.output(0);
    const slope = site.op('Sub', [site.scalar(1, type), site.op('Mul', [y, y])]);
    return [site.op('Mul', [dy, slope])];
  }),

  /**
   * y = a where the condition holds, else b, all three broadcast: da = dy where it holds, db = dy where not, each summed over
   * the axes along which it was broadcast.
   */
  Where: rule((site, dy) => {
    const chosen = site.op('Mul', [dy, indicator(site, site.input(0).value, site.output(0).type)]);
    return [null, () => site.toInput(chosen, 1), () => site.toInput(site.op('Sub', [dy, chosen]), 2)];
  }),
} satisfies Record<string, Rule>;
