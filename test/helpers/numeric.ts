/** Slow and simple numerics that tests take for the truth; nothing here comes from the package. */

const SQRT_2PI = Math.sqrt(2 * Math.PI);

/** Density of N(0,1). */
export const density = (z: number): number => Math.exp((-z * z) / 2) / SQRT_2PI;

/** ∫ f over [from, to] by Simpson's rule with `steps` (even) steps. */
export function integrate(f: (x: number) => number, from: number, to: number, steps = 2000): number {
  const width = (to - from) / steps;
  let sum = f(from) + f(to);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * f(from + i * width);
  return (sum * width) / 3;
}

/** Φ(z): the series φ(z)·Σ z^(2k+1)/(2k+1)!! near 0, the continued fraction of Laplace in the tails. */
export function slowNormalCdf(z: number): number {
  if (Math.abs(z) < 3) {
    let term = z;
    let sum = z;
    for (let k = 3; Math.abs(term) > 1e-18 * Math.abs(sum); k += 2) sum += term *= (z * z) / k;
    return 0.5 + density(z) * sum;
  }
  let fraction = 0;
  for (let k = 120; k > 0; k--) fraction = k / (Math.abs(z) + fraction);
  const tail = density(z) / (Math.abs(z) + fraction);
  return z < 0 ? tail : 1 - tail;
}

/** E f(center + sigma·Z) for a smooth f. */
export const gaussianMean = (f: (t: number) => number, center: number, sigma: number, steps = 4000): number =>
  integrate((z) => density(z) * f(center + sigma * z), -10, 10, steps);

/** A root of an f with f(low) and f(high) of different signs, by bisection. */
export function rootOf(f: (x: number) => number, low: number, high: number): number {
  const rising = f(high) > 0;
  for (let round = 0; round < 200 && high > low; round++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (f(middle) > 0 === rising) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

/** Φ⁻¹(p) by bisection of the slow Φ. */
export const slowNormalQuantile = (p: number): number =>
  p > 0.5 ? -slowNormalQuantile(1 - p) : rootOf((z) => slowNormalCdf(z) - p, -38, 1);

/** P(Bin(n, p) ≥ k), term by term. */
export function binomialAtLeast(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  let logTerm = k * Math.log(p) + (n - k) * Math.log1p(-p);
  for (let i = 0; i < k; i++) logTerm += Math.log((n - i) / (k - i));
  let sum = 0;
  for (let i = k; i <= n; i++) {
    sum += Math.exp(logTerm);
    logTerm += Math.log(((n - i) / (i + 1)) * (p / (1 - p)));
  }
  return sum;
}

/** Clopper–Pearson lower bound: the p with P(Bin(n, p) ≥ k) = alpha. */
export const slowLowerBound = (k: number, n: number, alpha: number): number =>
  k === 0 ? 0 : rootOf((p) => binomialAtLeast(k, n, p) - alpha, 0, 1);

/** Clopper–Pearson upper bound, by symmetry. */
export const slowUpperBound = (k: number, n: number, alpha: number): number =>
  1 - slowLowerBound(n - k, n, alpha);
