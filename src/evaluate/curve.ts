/** Certified Recall against the radius: the exact empirical survival curve of the certified radii. */

/** From `radius` on, until the next step, the curve has the value `share`. */
export interface Step {
  /** ℓ2 in [0,1] pixel units. */
  radius: number;
  /** Share of all queries, 0 to 1. */
  share: number;
}

/**
 * The curve r ↦ (number of radii > r) / total, as steps: constant from each step's radius up to the next one's.
 * @param radii certified radii ≥ 0 of the queries with score 1; those at 0 (abstentions) never count.
 * @param total all queries, also those with score 0; at least radii.length.
 * @returns steps of growing radius, the first at 0; the last has share 0. Empty when total is 0.
 */
export function survivalCurve(radii: readonly number[], total: number): Step[] {
  if (total === 0) return [];
  const sorted = Float64Array.from(radii)
    .filter((radius) => radius > 0)
    .sort();
  const steps: Step[] = [{ radius: 0, share: sorted.length / total }];
  for (let i = 0; i < sorted.length; i++) {
    if (sorted[i] === sorted[i + 1]) continue;
    steps.push({ radius: sorted[i], share: (sorted.length - i - 1) / total });
  }
  return steps;
}

/** The curve's value at a radius ≥ 0: the share of queries whose certified radius is greater. 0 for an empty curve. */
export function shareAbove(steps: readonly Step[], radius: number): number {
  let low = 0;
  let high = steps.length; // the last step that is ≤ radius lies in [low − 1, high)
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle].radius <= radius) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : steps[low - 1].share;
}
