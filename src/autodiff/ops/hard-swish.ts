import { float } from '../../onnx/index.ts';
import { isEqual } from '../masks.ts';
import { rule } from '../site.ts';

/** y = x h with h = min(max(x/6 + 1/2, 0), 1): dx = dy (h + x/6) where −3 ≤ x ≤ 3, else dy h. */
export const hardSwishRule = rule((site, dy) => {
  const { value: x, type } = site.input(0);
  const h = site.op('HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) });
  const inner = site.op('Clip', [x, site.scalar(-3, type), site.scalar(3, type)]);
  const sixth = site.op('Mul', [x, site.scalar(1 / 6, type)]);
  const slope = site.op('Add', [h, site.op('Mul', [sixth, isEqual(site, x, inner, type)])]);
  return [site.op('Mul', [dy, slope])];
});
