/** Two looks at all queries at once: how far the certificates reach, and whether the smoothed margin tells right answers from wrong ones. */
import { methodColour } from '../charts/index.ts';
import { correctRadius } from '../evaluate/method-statistics.ts';
import type { Method, Row } from '../evaluate/schema.ts';
import { wilson } from '../evaluate/wilson.ts';
import { chart } from './charts.ts';
import { decimal, integer, percent } from './format.ts';
import { type Html, html } from './html.ts';
import type { RunStatistics } from './statistics.ts';
import { table } from './table.ts';
import { methodTag } from './tables.ts';

/** Bars of a histogram. */
const BARS = 24;
/** Groups of the calibration. */
const GROUPS = 8;

/** Histogram and calibration of each run; nothing for a run without right answers. */
export function distributionSections(statistics: readonly RunStatistics[]): Html {
  const several = statistics.length > 1;
  const parts = statistics.map((one) => {
    const whose = several ? html` <small>in <bdi>${one.run.name}</bdi></small>` : null;
    return html`<section>
<h2>Radii of the queries${whose}</h2>
${histograms(one)}
</section>
${calibration(one.run.rows, whose)}`;
  });
  return html`${parts}`;
}

function histograms({ run, methods }: RunStatistics): Html {
  const some = methods.filter(({ certified }) => certified > 0);
  if (some.length === 0) return html`<p>No right answer got a certificate.</p>`;
  const most = Math.max(...some.map(({ maxRadius }) => maxRadius)) * 1.0001;
  return html`<div class="histograms">${some.map(({ method }) => histogram(run.rows, method, most))}</div>
<p class="note">How many right answers are certified up to which radius, by method, on one axis; abstentions are left out. A pile at the right end is the most that a method can certify with so many samples.</p>`;
}

/** Counts of equal intervals of [0, most]. */
export function histogramCounts(radii: readonly number[], most: number, bars = BARS): number[] {
  const counts = Array.from({ length: bars }, () => 0);
  for (const radius of radii)
    if (radius > 0) counts[Math.min(bars - 1, Math.floor((radius / most) * bars))]++;
  return counts;
}

function histogram(rows: readonly Row[], method: Method, most: number): Html {
  const counts = histogramCounts(rows.map((row) => correctRadius(row, method)).filter(Number.isFinite), most);
  const total = integer(counts.reduce((a, b) => a + b, 0));
  const points = [...counts, 0].map((y, i) => ({ x: (i * most) / BARS, y }));
  const drawn = chart(
    {
      lines: [{ colour: methodColour(method), bars: true, points }],
      x: { title: 'Certified radius', domain: [0, most] },
      y: { title: 'Queries', domain: [0, Math.max(...counts)], nice: true, whole: true },
      alt: `Histogram of ${total} radii certified by ${method}.`,
    },
    [300, 130],
  );
  return html`<figure class="histogram">${drawn}<figcaption>${methodTag(method)}: ${total} right answers certified</figcaption></figure>`;
}

/** A group of queries of similar margin. */
export interface CalibrationGroup {
  /** Least and greatest margin. */
  from: number;
  to: number;
  queries: number;
  right: number;
}

/** Queries in groups of equal size by margin. */
export function calibrationGroups(rows: readonly Row[], groups = GROUPS): CalibrationGroup[] {
  const known = rows
    .flatMap(({ margin, score }) => (margin === undefined ? [] : [{ margin, right: score === 1 }]))
    .sort((a, b) => a.margin - b.margin);
  const count = Math.min(groups, Math.floor(known.length / 5));
  return Array.from({ length: count }, (_, i) => {
    const group = known.slice(
      Math.floor((i * known.length) / count),
      Math.floor(((i + 1) * known.length) / count),
    );
    return {
      from: group[0].margin,
      to: group[group.length - 1].margin,
      queries: group.length,
      right: group.filter(({ right }) => right).length,
    };
  });
}

function calibration(rows: readonly Row[], whose: Html | null): Html | null {
  const groups = calibrationGroups(rows);
  if (groups.length < 2) return null;
  const head = html`<th scope="col">Margin</th><th scope="col" class="number">Queries</th><th scope="col" class="number">Right</th><th scope="col">95% interval</th>`;
  const body = groups.map(({ from, to, queries, right }) => {
    const { low, high } = wilson(right, queries);
    const left = (100 * low).toFixed(1);
    const width = (100 * (high - low)).toFixed(1);
    const mark = ((100 * right) / queries).toFixed(1);
    return html`<tr><th scope="row">${decimal(from)} to ${decimal(to)}</th><td class="number">${integer(queries)}</td><td class="number">${percent(right / queries)}</td><td><span class="interval" role="img" aria-label="${percent(low)} to ${percent(high)}"><span style="left:${left}%;width:${width}%"></span><b style="left:${mark}%"></b></span></td></tr>\n`;
  });
  return html`<section>
<h2>Does the margin tell?${whose}</h2>
<p>The margin of a smoothed answer is half of how much further the nearest item of another label is than the nearest item of the answer's. Queries in groups of equal number by their margin: where the share of right answers grows with the margin, a small one is a warning.
It says nothing about attacks; that is what the radius is for.</p>
${table('Right answers by margin', head, html`<tbody>${body}</tbody>`)}</section>
`;
}
