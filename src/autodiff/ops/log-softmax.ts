import { rule } from '../site.ts';
import { softmaxAxes } from './softmax.ts';

/** y = x − log Σ exp x along an axis: dx = dy − exp(y) Σ dy. */
export const logSoftmaxRule = rule((site, dy) => {
  const sum = site.sum(dy, softmaxAxes(site));
  return [site.op('Sub', [dy, site.op('Mul', [site.op('Exp', [site.output(0).value]), sum])])];
});
