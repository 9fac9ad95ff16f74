/**
 * The pieces from which beta and binomial probabilities are made without subtracting large log-gammas.
 * Source: C. Loader, "Fast and accurate computation of binomial probabilities" (2000).
 */

/** Bernoulli coefficients B_{2k}/(2k(2k−1)), k = 1…8, of the Stirling series. */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];

/**
 * Stirling's error δ(t) = ln Γ(t+1) − (t+½) ln t + t − ½ ln 2π, for t > 0. Absolute error ≤ 3e-16 for t ≥ 15 and
 * ≤ 3e-15 below, where it is carried down by δ(t) = δ(t+1) + (t+½) ln(1+1/t) − 1.
 */
export function stirlingError(t: number): number {
  let shift = 0;
  let s = t;
  for (; s < 15; s++) shift += (s + 0.5) * Math.log1p(1 / s) - 1;
  const inverseSquare = 1 / (s * s);
  let series = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) series = series * inverseSquare + STIRLING[k];
  return series / s + shift;
}

/**
 * t − ln(1+t) for t > −1, with a relative error of a few 1e-16 near t = 0 too, where it is t²/2.
 * Method: with r = t/(2+t), ln(1+t) = 2 artanh r and t − 2r = t·r; the artanh series takes over for −½ < t < 1.
 */
export function minusLog1p(t: number): number {
  if (t <= -0.5 || t >= 1) return t - Math.log1p(t);
  const r = t / (2 + t);
  const square = r * r;
  let series = 0;
  // |r| ≤ 1/3, so the first term left out is below 1e-17 of the sum.
  for (let k = 35; k >= 3; k -= 2) series = series * square + 1 / k;
  return r * (t - 2 * square * series);
}

/** ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a+b), for a, b > 0; absolute error about 1e-15·(1 + |ln B|). */
export function logBeta(a: number, b: number): number {
  const n = a + b;
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  const corrections = stirlingError(a) + stirlingError(b) - stirlingError(n);
  return (
    0.5 * Math.log((2 * Math.PI * n) / (small * large)) +
    corrections +
    small * Math.log(small / n) +
    large * Math.log1p(-small / n)
  );
}
