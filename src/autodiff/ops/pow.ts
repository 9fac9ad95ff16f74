import { ELEMENT_TYPES, type Value } from '../../onnx/index.ts';
import { isEqual } from '../masks.ts';
import { rule, type Site } from '../site.ts';

/**
 * y = xᵖ with broadcasting: dx = dy p xᵖ⁻¹ (0 for p = 0, also at x = 0) and dp = dy y ln x (0 at x = 0, the limit for
 * p > 0), each summed over the axes along which it was broadcast.
 */
export const powRule = rule((site, dy) => {
  const [x, p, y] = [site.input(0), site.input(1), site.output(0)];
  const dp = () => {
    const base = site.op('Add', [x.value, isEqual(site, x.value, site.scalar(0, x.type), x.type)]);
    return site.op('Mul', [site.op('Mul', [dy, y.value]), site.op('Log', [base])]);
  };
  return [
    site.needs[0] ? site.sumTo(site.op('Mul', [dy, slope(site)]), y.shape, x.shape) : null,
    site.needs[1] ? site.sumTo(dp(), y.shape, p.shape) : null,
  ];
});

/** p xᵖ⁻¹, by multiplications where p is known to be simple. */
function slope(site: Site): Value {
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
