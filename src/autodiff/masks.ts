/** Masks of ones and zeros to multiply gradients by: cheaper than Where on most execution providers. */
import { ELEMENT_TYPES, type ElementType, float, type Value } from '../onnx/index.ts';
import type { Site } from './site.ts';

/** 1 where the boolean `condition` holds, else 0. */
export function indicator(site: Site, condition: Value, type: ElementType): Value {
  return site.op('Cast', [condition], { to: ELEMENT_TYPES[type] });
}

/** 1 where a = b, else 0. */
export function isEqual(site: Site, a: Value, b: Value, type: ElementType): Value {
  if (site.opset >= 11) return indicator(site, site.op('Equal', [a, b]), type);
  // Equal compared only integers and booleans
  const differ = site.op('Or', [site.op('Less', [a, b]), site.op('Greater', [a, b])]);
  return indicator(site, site.op('Not', [differ]), type);
}

/** 1 where `value` > 0, else 0. In float32 one pass, since its HardSigmoid is that steep; else two. */
export function isPositive(site: Site, value: Value, type: ElementType): Value {
  if (type === 'float32') return site.op('HardSigmoid', [value], { alpha: float(2 ** 100), beta: float(0) });
  return indicator(site, site.op('Greater', [value, site.scalar(0, type)]), type);
}
