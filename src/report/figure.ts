/** The figure: certified Recall against the radius, with its legend and caption. */
import { methodColour, SHARES } from '../charts/index.ts';
import { legendKey, linesOf, type Series, sharesAt, wideAndNarrow } from './charts.ts';
import { type Html, html } from './html.ts';
import { recallName, type RunStatistics } from './statistics.ts';
import { count } from '../words.ts';

/** Dashes of the first, second, … run. */
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 2.5], [9, 3, 2, 3]];
/** A horizontal line: Recall without a certificate. */
const REFERENCE = { colour: 'var(--muted)', dash: [3, 3], width: 1 };
/** Right over left end of a logarithmic radius axis: two and a half decades. */
const LOG_RANGE = 300;
/** Runs that still can be told apart by dashes in one chart; more get a chart each. */
const TOGETHER = DASHES.length;

/** One chart for up to four runs, a chart a run for more, all with the same axes. */
export function curveFigure(statistics: readonly RunStatistics[]): Html {
  const groups = statistics.length <= TOGETHER ? [statistics] : statistics.map((one) => [one]);
  const maxRadius = radiusAxis(statistics);
  return html`${groups.map((group) => oneFigure(group, maxRadius))}`;
}

function oneFigure(group: readonly RunStatistics[], maxRadius: number): Html {
  const recall = recallName(group.map(({ run }) => run));
  const curves = group.flatMap(({ methods }, run) =>
    methods.map(
      ({ method, curve: steps }): Series => ({
        name: group.length > 1 ? `${method}, run ${run + 1}` : method,
        colour: methodColour(method),
        dash: DASHES[run],
        steps,
      }),
    ),
  );
  const charts = (log: boolean): Html => {
    const least = log ? maxRadius / LOG_RANGE : 0;
    const reference = [least, maxRadius].map((x) => ({ x, y: group[0].recall.smoothed }));
    return wideAndNarrow(
      {
        lines: [
          ...(group.length === 1 ? [{ ...REFERENCE, plain: true, points: reference }] : []),
          ...linesOf(curves),
        ],
        x: { title: 'Certified radius r (ℓ2, pixels in [0,1])', domain: [least, maxRadius], log },
        y: { title: `Certified ${recall}`, ...SHARES },
        alt: `Certified ${recall} against the radius. The table below gives the numbers.`,
      },
      sharesAt(curves),
    );
  };
  return html`<figure class="curves">
${group.length === 1 ? null : legendOfRuns(group)}
${legendOfMethods(group)}
<div class="linear">${charts(false)}</div>
<div class="log">${charts(true)}</div>
<figcaption>${caption(group, recall)}</figcaption>
</figure>
`;
}

/** A little above the greatest radius; without any, one standard deviation of the noise. */
function radiusAxis(statistics: readonly RunStatistics[]): number {
  const radii = statistics.flatMap(({ methods }) => methods.map(({ maxRadius }) => maxRadius));
  const most = radii.reduce((a, b) => Math.max(a, b), 0);
  if (most > 0) return most * 1.03;
  return Math.max(0.1, ...statistics.map(({ run }) => run.manifest.options.sigma));
}

function legendOfMethods(group: readonly RunStatistics[]): Html {
  const methods = [...new Set(group.flatMap((one) => one.methods.map(({ method }) => method)))];
  const entries = methods.map((method) => {
    const none = group.every(
      ({ methods: all }) => !all.some((one) => one.method === method && one.certified > 0),
    );
    return html`<li>${legendKey({ colour: methodColour(method) })}<label><input type="checkbox" class="toggle-${method}" checked> ${method}</label>${none ? ' (certifies nothing)' : null}</li>`;
  });
  const reference =
    group.length === 1 ? html`<li>${legendKey(REFERENCE)}smoothed, without a certificate</li>` : null;
  return html`<ul class="legend" aria-label="Methods">${entries}${reference}<li><label><input type="checkbox" class="toggle-log"> logarithmic radius</label></li></ul>`;
}

function legendOfRuns(group: readonly RunStatistics[]): Html {
  const entries = group.map(
    ({ run }, i) =>
      html`<li>${legendKey({ colour: 'currentColor', dash: DASHES[i], width: 2 })}<bdi>${run.name}</bdi></li>`,
  );
  return html`<ul class="legend" aria-label="Runs">${entries}</ul>`;
}

function caption(group: readonly RunStatistics[], recall: string): Html {
  const fewest = Math.min(...group.map(({ queries }) => queries));
  const error = fewest > 0 ? (50 / Math.sqrt(fewest)).toFixed(1) : null;
  const whose = group.length === 1 ? html` (<bdi>${group[0].run.name}</bdi>)` : null;
  return html`Certified ${recall}${whose}: the share of all queries that are answered correctly and stay so under every change of
the image up to size r. Higher and further right is better; every drop is a query.
${error && html`Over ${count(fewest, 'query')}, choosing other queries of the same kind would move a share by up to ${error} points (one standard error).`}`;
}
