import { float, type Value } from '../../onnx/index.ts';
import type { Rule, Site } from '../site.ts';

/** y = max(x, 0): dx = dy where y > 0, else 0. */
export const reluRule: Rule = (site, [dy]) => [
  dy && site.op('Mul', [dy, isPositive(site, site.outputs[0].value)]),
];

/** 1 where `value` > 0, else 0, in one pass (a comparison and a cast would be two). */
export function isPositive(site: Site, value: Value): Value {
  return site.op('HardSigmoid', [value], { alpha: float(1e30), beta: float(0) });
}
