/** Products of matrices. */
import { float, type Value } from '../../onnx/index.ts';
import { type Known, rule, type Rule, type Site } from '../site.ts';

/** A vector as a matrix of one row or one column. */
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
function transpose(site: Site, value: Value, rank: number): Value {
  const perm = Array.from({ length: rank }, (_, i) => i);
  [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
  return site.op('Transpose', [value], { perm });
}

/** The equation of Einsum taken apart; a result that is left out is all letters that occur once, in alphabetical order. */
function lettersOf(site: Site): { terms: string[]; result: string } {
  const equation = site.string('equation', '').replaceAll(' ', '');
  const [left, right] = equation.split('->');
  const terms = left.split(',');
  const all = terms.join('');
  const once = [...new Set(all)].filter((letter) => all.split(letter).length === 2);
  const result = right ?? once.sort().join('');
  for (const term of [...terms, result]) {
    if (equation.includes('.') || new Set(term).size !== term.length) {
      return site.fail('an equation without ellipses and without repeated letters in one term', equation);
    }
  }
  const sizes = new Map<string, number>();
  for (const [i, term] of terms.entries()) {
    for (const [axis, letter] of term.split('').entries()) {
      const size = site.input(i).shape[axis];
      if ((sizes.get(letter) ?? size) !== size) return site.fail('one size for each letter', equation);
      sizes.set(letter, size);
    }
  }
  return { terms, result };
}

/** The rules of these operators. */
export const PRODUCTS = {
  /**
   * y = sums of products of the inputs, letters naming their axes, as in `bhid,bhjd->bhij`: dxᵢ is the sum of products of dy and
   * the other inputs with the letters of xᵢ as its result. An axis that only xᵢ has was summed away: dy is the same along it.
   */
  Einsum: rule((site, dy) => {
    const { terms, result } = lettersOf(site);
    return terms.map((letters, i) => () => {
      const others = terms.flatMap((_, j) => (j === i ? [] : [j]));
      const sources = [result, ...others.map((j) => terms[j])];
      const reachable = letters
        .split('')
        .filter((letter) => sources.some((source) => source.includes(letter)));
      const product = site.op('Einsum', [dy, ...others.map((j) => site.input(j).value)], {
        equation: `${sources.join(',')}->${reachable.join('')}`,
      });
      if (reachable.length === letters.length) return product;
      const { shape } = site.input(i);
      const kept = shape.map((size, axis) => (reachable.includes(letters[axis]) ? size : 1));
      return site.expand(site.reshape(product, kept), shape);
    });
  }),

  /**
   * y = α A′ B′ + β C, A′ and B′ transposed where transA and transB say so, C broadcast: dA′ = α dy B′ᵀ, dB′ = α A′ᵀ dy,
   * dC = β dy summed over the axes of broadcasting. The products come out in the order in which A and B are stored.
   */
  Gemm: rule((site, dy) => {
    const [a, b] = [site.input(0).value, site.input(1).value];
    const { type } = site.output(0);
    const [transA, transB] = [site.int('transA', 0), site.int('transB', 0)];
    const beta = site.float('beta', 1);
    const product = (left: Value, right: Value, flipLeft: number, flipRight: number): Value => {
      // the third input became optional at 11
      const zero = site.opset < 11 ? [site.scalar(0, type)] : [];
      const attributes = { alpha: float(site.float('alpha', 1)), transA: flipLeft, transB: flipRight };
      return site.op('Gemm', [left, right, ...zero], attributes);
    };
    const dC = () => {
      const sum = site.toInput(dy, 2);
      return beta === 1 ? sum : site.op('Mul', [sum, site.scalar(beta, type)]);
    };
    return [
      () => (transA ? product(b, dy, transB, 1) : product(dy, b, 0, 1 - transB)),
      () => (transB ? product(dy, a, 1, transA) : product(a, dy, 1 - transA, 0)),
      dC,
    ];
  }),

  /**
   * y = a b over the last two axes, leading axes broadcast; a vector stands for a matrix of one row (a) or one column (b).
   * da = dy bᵀ and db = aᵀ dy, summed over broadcast axes. Where b is one matrix for a whole batch of a, db is a single
   * product over all rows.
   */
  MatMul: rule((site, dy) => {
    const a = asMatrix(site, site.input(0), 'row');
    const b = asMatrix(site, site.input(1), 'column');
    const [m, k] = a.shape.slice(-2);
    const n = b.shape.at(-1)!;
    const [isMatrixA, isMatrixB] = [0, 1].map((i) => site.input(i).shape.length > 1);
    const out = site.output(0).shape;
    const batch = out.slice(0, out.length - Number(isMatrixA) - Number(isMatrixB));
    const upstream = isMatrixA && isMatrixB ? dy : site.reshape(dy, [...batch, m, n]);

    const da = (): Value => {
      const product = site.op('MatMul', [upstream, transpose(site, b.value, b.shape.length)]);
      const summed = site.sumTo(product, [...batch, m, k], a.shape);
      return isMatrixA ? summed : site.reshape(summed, site.input(0).shape);
    };
    const db = (): Value => {
      if (b.shape.length === 2 && a.shape.length > 2) {
        const rows = transpose(site, site.reshape(a.value, [-1, k]), 2);
        return site.reshape(site.op('MatMul', [rows, site.reshape(upstream, [-1, n])]), site.input(1).shape);
      }
      const product = site.op('MatMul', [transpose(site, a.value, a.shape.length), upstream]);
      const summed = site.sumTo(product, [...batch, k, n], b.shape);
      return isMatrixB ? summed : site.reshape(summed, site.input(1).shape);
    };
    return [da, db];
  }),
} satisfies Record<string, Rule>;
