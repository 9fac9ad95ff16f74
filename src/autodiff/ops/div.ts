import { rule } from '../site.ts';

/**
 * y = a / b with broadcasting: da = dy / b and db = −dy y / b, each summed over the axes along which it was broadcast. b is the
 * same along those axes, so that its division comes after the sum, where there is less to divide.
 */
export const divRule = rule((site, dy) => {
  const [a, b, y] = [site.input(0), site.input(1), site.output(0)];
  const da = () => site.sumTo(site.op('Div', [dy, b.value]), y.shape, a.shape);
  const db = () => {
    const sum = site.sumTo(site.op('Mul', [dy, y.value]), y.shape, b.shape);
    return site.op('Neg', [site.op('Div', [sum, b.value])]);
  };
  return [site.needs[0] ? da() : null, site.needs[1] ? db() : null];
});
