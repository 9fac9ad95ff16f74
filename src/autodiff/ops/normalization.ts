/** Normalisations. */
import { sizeOf, type Value } from '../../onnx/index.ts';
import { reduce, rule, type Rule, type Site } from '../site.ts';

/** x̂ = (x − mean x) / √(var x + epsilon), mean and (biased) variance over `axes`. */
function normalized(site: Site, x: Value, axes: readonly number[]) {
  const epsilon = site.scalar(site.float('epsilon', 1e-5), site.input(0).type);
  const centred = site.op('Sub', [x, reduce(site.g, 'ReduceMean', x, axes)]);
  const variance = reduce(site.g, 'ReduceMean', site.op('Mul', [centred, centred]), axes);
  const deviation = site.op('Sqrt', [site.op('Add', [variance, epsilon])]);
  return { value: site.op('Div', [centred, deviation]), deviation };
}

/** dx = (d − mean d − x̂ · mean(d · x̂)) / √(var x + epsilon), where d is the gradient with respect to x̂. */
function normalizedGradient(
  site: Site,
  d: Value,
  xHat: { value: Value; deviation: Value },
  axes: readonly number[],
): Value {
  const mean = (value: Value): Value => reduce(site.g, 'ReduceMean', value, axes);
  const along = site.op('Mul', [xHat.value, mean(site.op('Mul', [d, xHat.value]))]);
  const rest = site.op('Sub', [site.op('Sub', [d, mean(d)]), along]);
  return site.op('Div', [rest, xHat.deviation]);
}

/** The rules of these operators. */
export const NORMALIZATIONS = {
  /**
   * y = scale · (x − mean) / √(var + ε) + bias per channel, mean and variance given (inference). With r = 1/√(var + ε):
   * dx = dy · scale · r; dscale = r · Σ dy (x − mean); dbias = Σ dy; dmean = −scale · r · Σ dy;
   * dvar = −½ scale · r³ · Σ dy (x − mean).
   */
  BatchNormalization: (site, [dy, ...statistics]) => {
    if (
      site.int('training_mode', 0) !== 0 ||
      site.outputs.filter(Boolean).length > 1 ||
      statistics.some((value) => value)
    ) {
      site.fail('batch normalisation with fixed mean and variance', 'training mode');
    }
    if (!dy) return [];
    const [x, scale, , mean, variance] = [0, 1, 2, 3, 4].map((i) => site.input(i));
    const { needs } = site;
    const channels = x.shape.map((size, axis) => (axis === 1 ? size : 1));
    const epsilon = site.scalar(site.float('epsilon', 1e-5), variance.type);
    const deviation = site.op('Sqrt', [site.op('Add', [variance.value, epsilon])]);
    const factor = site.op('Div', [scale.value, deviation]);

    const sum = needs[2] || needs[3] ? site.perChannel(dy) : null;
    const centredSum = () => {
      const centred = site.op('Sub', [x.value, site.reshape(mean.value, channels)]);
      return site.op('Div', [site.perChannel(site.op('Mul', [dy, centred])), deviation]);
    };
    const dScale = needs[1] || needs[4] ? centredSum() : null;
    return [
      () => site.op('Mul', [dy, site.reshape(factor, channels)]),
      dScale,
      sum,
      () => site.op('Neg', [site.op('Mul', [factor, sum])]),
      () => {
        const half = site.op('Mul', [factor, site.scalar(-0.5, scale.type)]);
        return site.op('Div', [site.op('Mul', [half, dScale]), deviation]);
      },
    ];
  },

  /**
   * y = x̂ · scale + bias, x̂ normalised over each group of channels with their pixels; scale and bias per channel (operator
   * set 21) or per group (18): dscale = Σ dy x̂, dbias = Σ dy, and dx from dy · scale as in layer normalisation.
   */
  GroupNormalization: rule((site, dy) => {
    const [x, scale] = [site.input(0), site.input(1)];
    const groups = site.int('num_groups', 1);
    const [n, c] = x.shape;
    // one axis of groups, one of channels in a group, one of pixels
    const shape = [n, groups, c / groups, sizeOf(x.shape.slice(2))];
    const perGroup = site.opset < 21;
    const factors = perGroup ? [1, groups, 1, 1] : [1, groups, c / groups, 1];
    const others = perGroup ? [0, 2, 3] : [0, 3];
    const upstream = site.reshape(dy, shape);
    const axes = [2, 3];
    const xHat = normalized(site, site.reshape(x.value, shape), axes);
    const d = site.op('Mul', [upstream, site.reshape(scale.value, factors)]);
    const total = (value: Value) => site.reshape(site.sum(value, others), scale.shape);
    return [
      () => site.reshape(normalizedGradient(site, d, xHat, axes), x.shape),
      () => total(site.op('Mul', [upstream, xHat.value])),
      () => total(upstream),
    ];
  }),

  /**
   * y = x̂ · scale + bias, x̂ normalised over the pixels of each channel of each image: dscale = Σ dy x̂, dbias = Σ dy, and dx
   * from dy · scale as in layer normalisation.
   */
  InstanceNormalization: rule((site, dy) => {
    const [x, scale] = [site.input(0), site.input(1)];
    const pixels = x.shape.map((_, axis) => axis).slice(2);
    const channels = x.shape.map((size, axis) => (axis === 1 ? size : 1));
    const xHat = normalized(site, x.value, pixels);
    const d = site.op('Mul', [dy, site.reshape(scale.value, channels)]);
    return [
      () => normalizedGradient(site, d, xHat, pixels),
      () => site.perChannel(site.op('Mul', [dy, xHat.value])),
      () => site.perChannel(dy),
    ];
  }),

  /**
   * y = x̂ · scale + bias, x̂ = (x − mean x) / √(var x + ε) over the axes from `axis` on. With d = dy · scale:
   * dx = (d − mean d − x̂ mean(d x̂)) / √(var x + ε); dscale = Σ dy x̂, dbias = Σ dy over the axes of broadcasting.
   */
  LayerNormalization: (site, [dy, ...statistics]) => {
    if (statistics.some((value) => value))
      site.fail('use of the first output alone', 'use of mean or deviation');
    if (!dy) return [];
    const [x, scale] = [site.input(0), site.input(1)];
    const axes = x.shape.map((_, i) => i).slice(site.axis(-1));
    const xHat = site.needs[0] || site.needs[1] ? normalized(site, x.value, axes) : null;
    return [
      () => xHat && normalizedGradient(site, site.op('Mul', [dy, scale.value]), xHat, axes),
      () => xHat && site.toInput(site.op('Mul', [dy, xHat.value]), 1),
      () => site.toInput(dy, 2),
    ];
  },
} satisfies Record<string, Rule>;
