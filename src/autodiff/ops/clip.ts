import { indicator, isEqual } from '../masks.ts';
import { rule, type Site } from '../site.ts';
import type { Value } from '../../onnx/index.ts';

/**
 * y = min(max(x, low), high): dx = dy where low ≤ x ≤ high, both bounds included as in PyTorch's clamp, else 0. That is where
 * the node left x as it is. The bounds are scalars; each gets the sum of dy over what was cut to it.
 */
export const clipRule = rule((site, dy) => {
  const { value: x, type } = site.input(0);
  return [
    site.needs[0] ? site.op('Mul', [dy, isEqual(site, x, site.output(0).value, type)]) : null,
    site.needs[1] ? cut(site, dy, 'Less', 1) : null,
    site.needs[2] ? cut(site, dy, 'Greater', 2) : null,
  ];
});

function cut(site: Site, dy: Value, comparison: 'Less' | 'Greater', i: number): Value {
  const { value: x, type, shape } = site.input(0);
  const bound = site.input(i);
  const mask = indicator(site, site.op(comparison, [x, bound.value]), type);
  return site.sumTo(site.op('Mul', [dy, mask]), shape, bound.shape);
}
