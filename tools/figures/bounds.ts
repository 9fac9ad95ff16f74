/** Charts of what noise promises: the worst law of a statistic, and of a vote, after a change of the image. */
import { normalCdf, normalQuantile } from '../../src/stats/index.ts';
import { INK, METHOD_COLOURS, paperChart } from '../../src/charts/index.ts';

const COLOURS = (['vote', 'bisector', 'cdf', 'paper'] as const).map((method) => METHOD_COLOURS[method].light);
const steps = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count + 1 }, (_, i) => from + ((to - from) * i) / count);

/** The least probability that an event of probability p can have after a change of size r: Φ(Φ⁻¹(p) − r/σ). */
const least = (p: number, ratio: number): number => normalCdf(normalQuantile(p) - ratio);

/** The majority's share against the size of the change, for several shares at the query. */
export function drawVote(): string {
  const shares = [0.999, 0.99, 0.9, 0.7];
  return paperChart({
    alt: 'The least share of the votes after a change, against its size',
    panels: [
      {
        lines: [
          ...shares.map((p, i) => ({
            colour: COLOURS[i],
            points: steps(0, 3.5, 140).map((x) => ({ x, y: least(p, x) })),
            plain: true,
          })),
          { colour: INK, dash: [2, 3], plain: true, points: [0, 3.5].map((x) => ({ x, y: 0.5 })) },
        ],
      },
    ],
    width: 420,
    height: 230,
    x: { title: 'Size of the change, r / σ', domain: [0, 3.5] },
    y: { title: 'Share of the votes, at least', domain: [0, 1] },
    legend: shares.map((p, i) => ({ colour: COLOURS[i], label: `${p} at the query` })),
  });
}

/** Mean and spread of the statistic in the chart of {@link drawLaw}: that of an encoder which bears its noise well. */
const LAW = { mean: 0.35, spread: 0.16 };
const RATIOS = [0, 0.75, 1.5, 2.15];

/** P(m > t), for a normal statistic. */
const above = (t: number): number => 1 - normalCdf((t - LAW.mean) / LAW.spread);

/** Mean of the worst law at r/σ over [-1, 1]: −1 + the integral of the least P(m > t). */
export function worstMean(ratio: number): number {
  const count = 4000;
  const at = steps(-1, 1, count).map((t) => (ratio === 0 ? above(t) : worst(above(t), ratio)));
  return -1 + (2 / count) * at.slice(1).reduce((sum, value, i) => sum + (value + at[i]) / 2, 0);
}

const worst = (p: number, ratio: number): number => (p <= 0 ? 0 : p >= 1 ? 1 : least(p, ratio));

/** P(m > t) at the query, and the least it can be at several distances. */
export function drawLaw(): string {
  return paperChart({
    alt: 'The law of the bisector margin at the query, and the worst one at several distances',
    panels: [
      {
        lines: RATIOS.map((ratio, i) => ({
          colour: COLOURS[i],
          plain: true,
          points: steps(-0.5, 1, 150).map((x) => ({ x, y: worst(above(x), ratio) })),
        })),
      },
    ],
    width: 420,
    height: 230,
    x: { title: 'Bisector margin m of a noisy embedding', domain: [-0.5, 1] },
    y: { title: 'P(m > t)', domain: [0, 1] },
    legend: RATIOS.map((ratio, i) => ({
      colour: COLOURS[i],
      label: `${ratio === 0 ? 'at the query' : `r = ${ratio} σ`}: mean ${worstMean(ratio).toFixed(2)}`,
    })),
  });
}
