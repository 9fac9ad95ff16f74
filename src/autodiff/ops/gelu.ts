import type { Value } from '../../onnx/index.ts';
import { rule, type Site } from '../site.ts';

/** y = x Φ(x), Φ the normal distribution function, or its approximation by tanh: dx = dy · y′. */
export const geluRule = rule((site, dy) => {
  const { value } = site.input(0);
  const slope = site.string('approximate', 'none') === 'tanh' ? tanhSlope : exactSlope;
  return [site.op('Mul', [dy, slope(site, value)])];
});

/** The approximation by tanh at x + bias (com.microsoft): dx = dy · y′, dbias its sum over the axes of broadcasting. */
export const fastGeluRule = rule((site, dy) => {
  const [x, bias] = site.inputs;
  const at = bias ? site.op('Add', [x!.value, bias.value]) : x!.value;
  const gradient = site.op('Mul', [dy, tanhSlope(site, at)]);
  return [gradient, bias && site.needs[1] ? site.sumTo(gradient, x!.shape, bias.shape) : null];
});

/** y = x s, s = σ(αx) (com.microsoft): dx = dy · (s + α y (1 − s)). */
export const quickGeluRule = rule((site, dy) => {
  const { value, type } = site.input(0);
  const alpha = site.scalar(site.float('alpha', 1.702), type);
  const s = site.op('Sigmoid', [site.op('Mul', [value, alpha])]);
  const steep = site.op('Mul', [site.output(0).value, site.op('Sub', [site.scalar(1, type), s])]);
  return [site.op('Mul', [dy, site.op('Add', [s, site.op('Mul', [steep, alpha])])])];
});

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
