/**
 * Φ in float64 with a proved error, for comparisons that whole numbers decide where it cannot. No function of a mathematical library.
 *
 * Around a node z_i = −i/16, 0 ≤ i ≤ 192, with |h| ≤ 1/32 and the Hermite polynomials He_0 = 1, He_1 = z, He_{n+1} = z He_n − n He_{n−1},
 *
 *     Φ(z_i + h) = Φ(z_i) + Σ_{n=1…7} (−1)^(n−1) He_{n−1}(z_i) φ(z_i) hⁿ/n! + remainder.
 *
 * Error of {@link lowerCdf}, less than {@link CDF_ERROR} = 2^-47, for z = `position · slope` where slope is 1/s rounded:
 *
 * 1. |He_n(x)| e^(−x²/4) ≤ 1.09 √n! (Cramér), so |Φ⁽⁸⁾| ≤ 0.4 · 1.09 · √7! < 31 and the remainder is at most 31/(8! 32⁸) < 2^-50.
 * 2. z has a relative error of at most 4 · 2^-53 (slope: three roundings; the product: one). |z| φ(z) < ¼, so this moves Φ by less than
 *    2^-53 (1 + 2^-40). h = z − z_i is exact: either i = 0, or both lie within a factor 2 of each other.
 * 3. Φ(z_i) ≤ ½ is that of normal-tail.ts, rounded once: 2^-54 and 2^-126.
 * 4. He_n(z_i), n ≤ 6, is a whole number of 16^-n below 2^23: exact. φ(z_i) is 1/√(2π) over Σ yⁿ/n! with y = i²/512 ≤ 72 exact; the
 *    terms are positive, each of the first 400 is off by at most 2 · 400 roundings, their sum by 400 more and what is left out is
 *    smaller than one rounding. So φ(z_i) and each coefficient have relative errors below 1210 · 2^-53 < 2^-42.
 *    The sum over n of |coefficient · hⁿ| is at most Σ 0.4 · 1.09 √(n−1)!/(n! 32ⁿ) < 2^-6, which that error moves by less than 2^-48.
 * 5. The Horner scheme adds relative errors of at most 15 · 2^-53 to terms of less than 2^-6 together; the last sum rounds once: 2^-54.
 *
 * Together less than 2^-50 + 2^-53 + 2^-54 + 2^-48 + 2^-54 + 2^-55 < 2^-47.
 */
import { normalUpperTail, TAIL_BITS } from './normal-tail.ts';

/** {@link lowerCdf} is off by less than this. */
export const CDF_ERROR = 2 ** -47;

/** Nodes in a unit. */
const DENSITY = 16;

/** The nodes are 0 to −{@link FARTHEST}. */
const FARTHEST = 12;

/** Coefficients of a node, of h⁰ to h⁷. */
const TERMS = 8;

let nodes: Float64Array | undefined;

/** {@link TERMS} coefficients of each node −i/16, i = 0 … 192, node after node. Shared: do not write to it. */
export function cdfNodes(): Float64Array {
  nodes ??= computeNodes();
  return nodes;
}

function computeNodes(): Float64Array {
  const all = new Float64Array(TERMS * (DENSITY * FARTHEST + 1));
  const unit = 2 ** -Number(TAIL_BITS);
  for (let i = 0; i <= DENSITY * FARTHEST; i++) {
    const node = all.subarray(TERMS * i, TERMS * (i + 1));
    node[0] = i === 0 ? 0.5 : Number(normalUpperTail(BigInt(i), BigInt(DENSITY))) * unit;
    const z = -i / DENSITY;
    const density = densityAt(z);
    let [before, hermite] = [0, 1];
    let factorial = 1;
    for (let n = 1; n < TERMS; n++) {
      factorial *= n;
      node[n] = ((n % 2 === 1 ? density : -density) * hermite) / factorial;
      [before, hermite] = [hermite, z * hermite - (n - 1) * before];
    }
  }
  return all;
}

/** The density of N(0, 1) at a node. */
function densityAt(z: number): number {
  const y = (z * z) / 2;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 400; n++) {
    term *= y / n;
    sum += term;
  }
  return 0.3989422804014327 / sum;
}

/**
 * Φ(z), off by less than {@link CDF_ERROR}.
 *
 * @param coefficients of {@link cdfNodes}
 * @param z from −{@link FARTHEST} to 0
 */
export function lowerCdf(coefficients: Float64Array, z: number): number {
  const i = Math.trunc(0.5 - DENSITY * z);
  const h = z + i / DENSITY;
  const at = TERMS * i;
  let sum = coefficients[at + TERMS - 1];
  for (let n = TERMS - 2; n >= 0; n--) sum = sum * h + coefficients[at + n];
  return sum;
}

/** The density of N(0, 1) near z, from the same coefficients: Φ′ by their first two terms. Good to search with. */
export function roughDensity(coefficients: Float64Array, z: number): number {
  const i = Math.trunc(0.5 - DENSITY * z);
  const at = TERMS * i;
  return coefficients[at + 1] + 2 * coefficients[at + 2] * (z + i / DENSITY);
}
