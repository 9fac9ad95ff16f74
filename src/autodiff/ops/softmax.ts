import { rule, type Site } from '../site.ts';

/** y = exp x / Σ exp x along an axis: dx = y (dy − Σ dy y). */
export const softmaxRule = rule((site, dy) => {
  const y = site.output(0).value;
  const sum = site.sum(site.op('Mul', [dy, y]), softmaxAxes(site));
  return [site.op('Mul', [y, site.op('Sub', [dy, sum])])];
});

/** The axes that add up to one: before operator set 13 all from `axis` on, as if flattened, since then that one. */
export function softmaxAxes(site: Site): number[] {
  const rank = site.input(0).shape.length;
  const axis = site.int('axis', site.opset < 13 ? 1 : -1);
  const first = axis < 0 ? axis + rank : axis;
  return site.opset < 13 ? Array.from({ length: rank - first }, (_, i) => first + i) : [first];
}
