/** The part that layer, instance and group normalisation share. */
import type { Value } from '../onnx/index.ts';
import { reduce, type Site } from './site.ts';

/** x̂ = (x − mean x) / √(var x + epsilon), mean and (biased) variance over `axes`. */
export function normalized(site: Site, x: Value, axes: readonly number[], epsilon: Value) {
  const centred = site.op('Sub', [x, reduce(site.g, 'ReduceMean', x, axes)]);
  const variance = reduce(site.g, 'ReduceMean', site.op('Mul', [centred, centred]), axes);
  const deviation = site.op('Sqrt', [site.op('Add', [variance, epsilon])]);
  return { value: site.op('Div', [centred, deviation]), deviation };
}

/** dx = (d − mean d − x̂ · mean(d · x̂)) / √(var x + epsilon), where d is the gradient with respect to x̂. */
export function normalizedGradient(
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
