/** A share of queries, and how much others of their kind would differ. */

/** A share of the queries with its band. */
export interface Share {
  share: number;
  /** 95% Wilson interval: where the share of all queries of this kind would lie, were these drawn at random. */
  low: number;
  high: number;
}

/** Φ⁻¹(0.975) */
export const Z = 1.959963984540054;

/** `successes` of `total` with the 95% score interval (Wilson 1927). NaN of nothing. */
export function wilson(successes: number, total: number): Share {
  const share = successes / total;
  const middle = (share + (Z * Z) / (2 * total)) / (1 + (Z * Z) / total);
  const half =
    (Z / (1 + (Z * Z) / total)) * Math.sqrt((share * (1 - share)) / total + (Z * Z) / (4 * total * total));
  // exact at the ends, where rounding would leave a band that excludes its own share
  return {
    share,
    low: successes === 0 ? 0 : Math.max(0, middle - half),
    high: successes === total ? 1 : Math.min(1, middle + half),
  };
}
