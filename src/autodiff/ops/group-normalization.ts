import { sizeOf } from '../../onnx/index.ts';
import { normalized, normalizedGradient } from '../normalize.ts';
import { rule } from '../site.ts';

/**
 * y = x̂ · scale + bias, x̂ normalised over each group of channels with their pixels; scale and bias per channel (operator
 * set 21) or per group (18): dscale = Σ dy x̂, dbias = Σ dy, and dx from dy · scale as in layer normalisation.
 */
export const groupNormalizationRule = rule((site, dy) => {
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
  const epsilon = site.scalar(site.float('epsilon', 1e-5), x.type);
  const xHat = normalized(site, site.reshape(x.value, shape), axes, epsilon);
  const d = site.op('Mul', [upstream, site.reshape(scale.value, factors)]);
  const total = (value: typeof dy) => site.reshape(site.sum(value, others), scale.shape);
  return [
    site.needs[0] ? site.reshape(normalizedGradient(site, d, xHat, axes), x.shape) : null,
    site.needs[1] ? total(site.op('Mul', [upstream, xHat.value])) : null,
    site.needs[2] ? total(upstream) : null,
  ];
});
