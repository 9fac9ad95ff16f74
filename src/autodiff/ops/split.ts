import type { Rule } from '../site.ts';

/** The outputs are x in pieces along `axis`: dx = the gradients of all pieces one after the other, zeros for unused ones. */
export const splitRule: Rule = (site, upstream) => {
  const { shape, type } = site.input(0);
  const axis = (site.int('axis', 0) + shape.length) % shape.length;
  // equal pieces by default; the last one is smaller where that does not come out even
  const equal = Math.ceil(shape[axis] / upstream.length);
  const sizes =
    site.ints('split') ??
    site.integers(1) ??
    upstream.map((_, i) => Math.max(0, Math.min(equal, shape[axis] - i * equal)));
  const pieces = upstream.map((dy, i) => dy ?? site.zeros(shape.with(axis, sizes[i]), type));
  return [pieces.length === 1 ? pieces[0] : site.op('Concat', pieces, { axis })];
};
