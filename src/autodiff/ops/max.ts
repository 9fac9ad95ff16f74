import { isEqual } from '../masks.ts';
import { rule } from '../site.ts';

/**
 * y = max(x₀, x₁, …) with broadcasting: dy goes to the inputs that equal y; where several do, in equal shares, as in
 * PyTorch's maximum. Min has the same rule.
 */
export const maxRule = rule((site, dy) => {
  const y = site.output(0);
  if (site.inputs.length === 1) return [dy];
  const masks = site.inputs.map((_, i) => isEqual(site, site.input(i).value, y.value, y.type));
  const shares = site.op('Div', [dy, site.op('Sum', masks)]);
  return masks.map((mask, i) =>
    site.needs[i] ? site.sumTo(site.op('Mul', [shares, mask]), y.shape, site.input(i).shape) : null,
  );
});
