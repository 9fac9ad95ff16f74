import type { Value } from '../../onnx/index.ts';
import type { Known, Rule, Site } from '../site.ts';

/**
 * y = a b over the last two axes, leading axes broadcast; a vector stands for a matrix of one row (a) or one column (b).
 * da = dy bᵀ and db = aᵀ dy, summed over broadcast axes. Where b is one matrix for a whole batch of a, db is a single
 * product over all rows.
 */
export const matMulRule: Rule = (site, [dy]) => {
  if (dy === null || dy === undefined) return [null, null];
  const a = asMatrix(site, site.input(0), 'row');
  const b = asMatrix(site, site.input(1), 'column');
  const m = a.shape.at(-2)!;
  const n = b.shape.at(-1)!;
  const [isMatrixA, isMatrixB] = [0, 1].map((i) => site.input(i).shape.length > 1);
  const out = site.output(0).shape;
  const batch = out.slice(0, out.length - Number(isMatrixA) - Number(isMatrixB));
  const upstream = isMatrixA && isMatrixB ? dy : site.reshape(dy, [...batch, m, n]);

  const da = (): Value => {
    const product = site.op('MatMul', [upstream, transpose(site, b.value, b.shape.length)]);
    const summed = site.sumTo(product, [...batch, m, b.shape.at(-2)!], a.shape);
    return isMatrixA ? summed : site.reshape(summed, site.input(0).shape);
  };
  const db = (): Value => {
    const k = a.shape.at(-1)!;
    if (b.shape.length === 2 && a.shape.length > 2) {
      const rows = site.op('Transpose', [site.reshape(a.value, [-1, k])], { perm: [1, 0] });
      return site.reshape(site.op('MatMul', [rows, site.reshape(upstream, [-1, n])]), site.input(1).shape);
    }
    const product = site.op('MatMul', [transpose(site, a.value, a.shape.length), upstream]);
    const summed = site.sumTo(product, [...batch, k, n], b.shape);
    return isMatrixB ? summed : site.reshape(summed, site.input(1).shape);
  };
  return [site.needs[0] ? da() : null, site.needs[1] ? db() : null];
};

function asMatrix(
  site: Site,
  known: Known,
  vector: 'row' | 'column',
): { value: Value; shape: readonly number[] } {
  if (known.shape.length > 1) return known;
  const shape = vector === 'row' ? [1, known.shape[0]] : [known.shape[0], 1];
  return { value: site.reshape(known.value, shape), shape };
}

/** Exchanges the last two axes. */
export function transpose(site: Site, value: Value, rank: number): Value {
  const perm = Array.from({ length: rank }, (_, i) => i);
  [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
  return site.op('Transpose', [value], { perm });
}
