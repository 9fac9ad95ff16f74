import { reduce, rule } from '../site.ts';

/**
 * y = x / ‖x‖ₚ along an axis: dx = (dy − s Σ dy y) / ‖x‖ₚ with s = y for p = 2 and s = sign x for p = 1. A zero vector gets
 * the gradient 0.
 */
export const lpNormalizationRule = rule((site, dy) => {
  const { value, shape, type } = site.input(0);
  const y = site.output(0).value;
  const axis = site.int('axis', -1);
  const axes = [axis < 0 ? axis + shape.length : axis];
  const p = site.int('p', 2);
  const norm = p === 2 ? reduce(site.g, 'ReduceL2', value, axes) : site.sum(site.op('Abs', [value]), axes);
  const inverse = site.op('Div', [site.op('Sign', [norm]), site.op('Max', [norm, site.scalar(1e-30, type)])]);
  const along = site.sum(site.op('Mul', [dy, y]), axes);
  const direction = p === 2 ? y : site.op('Sign', [value]);
  const rest = site.op('Sub', [dy, site.op('Mul', [direction, along])]);
  return [site.op('Mul', [rest, inverse])];
});
