import { normalized, normalizedGradient } from '../normalize.ts';
import type { Rule } from '../site.ts';

/**
 * y = x̂ · scale + bias, x̂ = (x − mean x) / √(var x + ε) over the axes from `axis` on. With d = dy · scale:
 * dx = (d − mean d − x̂ mean(d x̂)) / √(var x + ε); dscale = Σ dy x̂, dbias = Σ dy over the axes of broadcasting.
 */
export const layerNormalizationRule: Rule = (site, [dy, ...statistics]) => {
  if (statistics.some((value) => value))
    site.fail('use of the first output alone', 'use of mean or deviation');
  if (dy === null || dy === undefined) return [null, null, null];
  const [x, scale, bias] = [site.input(0), site.input(1), site.inputs[2]];
  const rank = x.shape.length;
  const axis = site.int('axis', -1);
  const axes = x.shape.map((_, i) => i).slice(axis < 0 ? axis + rank : axis);
  const epsilon = site.scalar(site.float('epsilon', 1e-5), x.type);
  const xHat = site.needs[0] || site.needs[1] ? normalized(site, x.value, axes, epsilon) : null;
  const d = () => site.op('Mul', [dy, scale.value]);
  return [
    xHat && site.needs[0] ? normalizedGradient(site, d(), xHat, axes) : null,
    xHat && site.needs[1] ? site.sumTo(site.op('Mul', [dy, xHat.value]), x.shape, scale.shape) : null,
    bias && site.needs[2] ? site.sumTo(dy, x.shape, bias.shape) : null,
  ];
};
