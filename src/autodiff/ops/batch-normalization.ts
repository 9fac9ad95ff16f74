import type { Rule } from '../site.ts';

/**
 * y = scale · (x − mean) / √(var + ε) + bias per channel, mean and variance given (inference). With r = 1/√(var + ε):
 * dx = dy · scale · r; dscale = r · Σ dy (x − mean); dbias = Σ dy; dmean = −scale · r · Σ dy;
 * dvar = −½ scale · r³ · Σ dy (x − mean).
 */
export const batchNormalizationRule: Rule = (site, [dy, ...statistics]) => {
  if (
    site.int('training_mode', 0) !== 0 ||
    site.outputs.filter(Boolean).length > 1 ||
    statistics.some((value) => value)
  ) {
    site.fail('batch normalisation with fixed mean and variance', 'training mode');
  }
  if (dy === null || dy === undefined) return [null, null, null, null, null];
  const [x, scale, , mean, variance] = [0, 1, 2, 3, 4].map((i) => site.input(i));
  const { needs } = site;
  const others = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const channels = x.shape.map((size, axis) => (axis === 1 ? size : 1));
  const epsilon = site.scalar(site.float('epsilon', 1e-5), variance.type);
  const deviation = site.op('Sqrt', [site.op('Add', [variance.value, epsilon])]);
  const factor = site.op('Div', [scale.value, deviation]);

  const sum = needs[2] || needs[3] ? site.sum(dy, others, false) : null;
  const centredSum = () => {
    const centred = site.op('Sub', [x.value, site.reshape(mean.value, channels)]);
    return site.op('Div', [site.sum(site.op('Mul', [dy, centred]), others, false), deviation]);
  };
  const dScale = needs[1] || needs[4] ? centredSum() : null;
  const dVariance = () => {
    const half = site.op('Mul', [factor, site.scalar(-0.5, scale.type)]);
    return site.op('Div', [site.op('Mul', [half, dScale!]), deviation]);
  };
  return [
    needs[0] ? site.op('Mul', [dy, site.reshape(factor, channels)]) : null,
    needs[1] ? dScale : null,
    needs[2] ? sum : null,
    needs[3] ? site.op('Neg', [site.op('Mul', [factor, sum])]) : null,
    needs[4] ? dVariance() : null,
  ];
};
