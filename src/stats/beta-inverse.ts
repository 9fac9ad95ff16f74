/**
 * The inverse of the regularised incomplete beta function in x, from either tail probability.
 *
 * Method: ln of either tail of a beta variable is a concave function of w = ln x (the density of ln x is log-concave), so
 * Newton's method in w never leaves the right side twice: it approaches the root monotonically after its first step. The root is
 * sought at or below ½, by reflection, so 1 − x never cancels; it is accurate to rounding for x down to 1e-300.
 *
 * Accuracy: relative error ≤ 4e-14 of x, and of 1 − x from the reflected call, measured against mpmath for a, b from ½ to 1e7 and tails
 * down to 1e-300 (beta.test.ts); ≤ 1.1e-14 for p above 1e-13.
 */
import { betaTails, type BetaTails } from './beta.ts';
import { normalQuantileUpper } from './normal-quantile.ts';
import { inputError, requirePositive, requireProbability } from './require.ts';
import { logBeta } from './stirling.ts';

/**
 * x with I_x(a,b) = p, for a, b > 0 and 0 ≤ p ≤ 1; p = 0 and 1 give 0 and 1. Throws CERTIFICATE_INPUT otherwise.
 * Where x is near 1 and 1 − x is wanted to full relative precision, that is inverseRegularizedBetaUpper(p, b, a).
 * A root below 5e-324 (possible only for a < 1) gives 0.
 */
export function inverseRegularizedBeta(p: number, a: number, b: number): number {
  requireProbability('p', p);
  requirePositive('a', a);
  requirePositive('b', b);
  return inverse(p, 'lower', a, b);
}

/**
 * x with 1 − I_x(a,b) = q, without rounding 1 − q; q = 0 and 1 give 1 and 0. Throws CERTIFICATE_INPUT as
 * {@link inverseRegularizedBeta}.
 */
export function inverseRegularizedBetaUpper(q: number, a: number, b: number): number {
  requireProbability('q', q);
  requirePositive('a', a);
  requirePositive('b', b);
  return inverse(q, 'upper', a, b);
}

type Side = BetaTails['side'];
const other = (side: Side): Side => (side === 'lower' ? 'upper' : 'lower');

function inverse(probability: number, side: Side, a: number, b: number): number {
  if (probability === 0) return side === 'lower' ? 0 : 1;
  if (probability === 1) return side === 'lower' ? 1 : 0;
  // Work with the smaller tail: 1 − p is exact for p ≥ ½.
  if (probability > 0.5) return inverse(1 - probability, other(side), a, b);
  const middle = betaTails(0.5, a, b);
  const belowHalf = side === 'lower' ? middle.lower >= probability : middle.upper <= probability;
  return belowHalf
    ? rootBelowHalf(probability, side, a, b)
    : 1 - rootBelowHalf(probability, other(side), b, a);
}

/** One unit in the last place. */
const SETTLED = 2.3e-16;

/** The root s in (0, ½] of tail(s) = probability ≤ ½, by Newton's method on ln tail as a function of ln s. */
function rootBelowHalf(probability: number, side: Side, a: number, b: number): number {
  let low = 0;
  let high = 0.5;
  let s = Math.min(startingPoint(probability, side, a, b), 0.5);
  if (s === 0) return 0;
  let lastMove = Infinity;
  for (let step = 0; step < 200; step++) {
    const tails = betaTails(s, a, b);
    const { logTail, excess } = compare(tails, side, probability);
    if (excess === 0) return s;
    // The lower tail grows with s, the upper one falls.
    if (excess > 0 === (side === 'lower')) high = Math.min(high, s);
    else low = Math.max(low, s);
    // d ln tail / d ln s = ± kernel / ((1 − s)·tail)
    const slope = Math.exp(tails.logKernel - logTail) / (1 - s);
    const move = (side === 'lower' ? -excess : excess) / slope;
    let next = s + s * Math.expm1(move);
    // Near the root steps shrink quadratically; one that does not is the rounding of the tail itself.
    const floor = Math.abs(move) < 1e-8 && Math.abs(move) > Math.abs(lastMove) / 2;
    if (floor || Math.abs(next - s) <= SETTLED * s) return next;
    lastMove = move;
    if (next > high) next = (s + high) / 2;
    else if (!(next >= low && next > 0)) next = low > 0 ? Math.sqrt(low) * Math.sqrt(high) : s / 1024;
    s = next;
  }
  throw inputError(
    'a beta quantile that Newton steps reach',
    `a = ${a}, b = ${b}, tail = ${probability}`,
    'Parameters outside 0.01 to 1e8 are outside the tested range.',
  );
}

/** ln of the wanted tail, and ln(tail/probability), from the difference of logarithms only where the ratio overflows. */
function compare(tails: BetaTails, side: Side, probability: number): { logTail: number; excess: number } {
  const tail = tails[side];
  const logTail = tails.side === side ? tails.logTail : Math.log(tail);
  const ratio = tail / probability;
  const near = ratio > 0.5 && ratio < 2;
  return {
    logTail,
    excess: near ? Math.log1p((tail - probability) / probability) : logTail - Math.log(probability),
  };
}

/** A first guess of the root: the normal approximation of Abramowitz & Stegun 26.5.22, or the leading power of s. */
function startingPoint(probability: number, side: Side, a: number, b: number): number {
  let guess = 0;
  if (a > 0.5 && b > 0.5) {
    const y = normalQuantileUpper(probability) * (side === 'lower' ? 1 : -1);
    const h = 2 / (1 / (2 * a - 1) + 1 / (2 * b - 1));
    const lambda = (y * y - 3) / 6;
    if (h + lambda > 0) {
      const w =
        (y * Math.sqrt(h + lambda)) / h -
        (1 / (2 * b - 1) - 1 / (2 * a - 1)) * (lambda + 5 / 6 - 2 / (3 * h));
      guess = a / (a + b * Math.exp(2 * w));
    }
  }
  if (side === 'lower') {
    // I_s(a,b) ≈ s^a / (a·B(a,b)) for small s: a bound of the root from below if b ≥ 1.
    const power = Math.exp((Math.log(probability) + Math.log(a) + logBeta(a, b)) / a);
    return Math.max(guess, power);
  }
  return guess > 0 ? guess : 0.5;
}
