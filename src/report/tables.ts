/** The key numbers and the tables of a report on runs. */
import type { Method } from '../evaluate/schema.ts';
import { methodColour } from '../charts/index.ts';
import { shareAbove } from '../evaluate/curve.ts';
import { about, decimal, integer, percent } from './format.ts';
import { type Html, html, type Part } from './html.ts';
import { median, type MethodStatistics, PREFERRED } from '../evaluate/method-statistics.ts';
import { recallName, type RunStatistics } from './statistics.ts';
import { headings, numberCells, table } from './table.ts';
import { reasonText } from '../evaluate/reason-words.ts';
import type { LoadedRun } from './types.ts';
import { count as counted, verb } from '../words.ts';

/** A method's name with its colour. */
export function methodTag(method: Method): Html {
  return html`<span class="dot" style="background:${methodColour(method)}"></span>${method}`;
}

/** Rows of a run, under its name where there are several runs. */
function body(one: RunStatistics, several: boolean, columns: number, rows: Part): Html {
  const name = several
    ? html`<tr class="group"><th scope="rowgroup" colspan="${columns}"><bdi>${one.run.name}</bdi></th></tr>\n`
    : null;
  return html`<tbody>${name}${rows}</tbody>\n`;
}

/** All radii that the runs ask for, ascending. */
export function reportRadii(statistics: readonly RunStatistics[]): number[] {
  const radii = new Set(statistics.flatMap(({ run }) => run.manifest.radii));
  return [...radii].sort((a, b) => a - b);
}

/** Per method: certified Recall at the runs' radii, mean and median radius, rejection ratio. */
export function summaryTable(statistics: readonly RunStatistics[]): Html {
  const radii = reportRadii(statistics);
  const recall = recallName(statistics.map(({ run }) => run));
  const inFiles = statistics.some(({ run }) => run.manifest.options.pixels === 'file');
  const columns = [
    ...radii.map((radius) => `r = ${radius}`),
    'Mean radius',
    'Median',
    'Greatest',
    'Rejected',
    ...(inFiles ? ['Mean in the file', 'Median in the file'] : []),
  ];
  const row = (of: MethodStatistics): Html => {
    const shares = radii.map((radius) => percent(shareAbove(of.curve, radius)));
    const whole = [of.meanRadius, of.medianRadius, of.maxRadius].map(decimal);
    const ofFiles = inFiles ? [of.meanFileRadius, of.medianFileRadius].map(decimal) : [];
    return html`<tr><th scope="row">${methodTag(of.method)}</th>${numberCells([...shares, ...whole, percent(of.rejectionRatio), ...ofFiles])}</tr>\n`;
  };
  const bodies = statistics.map((one) =>
    body(one, statistics.length > 1, columns.length + 1, one.methods.map(row)),
  );
  return html`${table(`Certified ${recall} at radius r, and the radii of the queries answered correctly`, headings(['Method'], columns), bodies)}
<p class="note">The radii are those of the queries with a correct answer, where an abstention counts as 0. Rejected: the share of these
queries that get no positive radius.${inFiles && FILE_NOTE}</p>`;
}

const FILE_NOTE =
  " All radii but those in the file are of changes of the model's input; those in the file are of changes of the decoded picture at its full size, before the resize.";

/** Recall of the base model, the smoothed embedding, votes and duels, without certificates. */
export function recallTable(statistics: readonly RunStatistics[]): Html {
  const head = headings(['Run'], ['Queries', 'Base model', 'Smoothed', 'Vote', 'Duel']);
  const rows = statistics.map(
    ({ run, queries, recall: { base, smoothed, vote = Number.NaN, duel = Number.NaN } }) =>
      html`<tr><th scope="row"><bdi>${run.name}</bdi></th>${numberCells([integer(queries), ...[base, smoothed, vote, duel].map(percent)])}</tr>\n`,
  );
  return html`${table('Share of the queries answered correctly, on unchanged images', head, html`<tbody>${rows}</tbody>\n`)}
<p class="note">Smoothing costs what the smoothed column loses against the base model; only smoothed systems have certificates.</p>`;
}

/** Abstentions by method and reason, with the samples that would be needed. */
export function abstentionTable(statistics: readonly RunStatistics[]): Html {
  const any = statistics.some(({ methods }) => methods.some(({ abstentions }) => abstentions.length > 0));
  if (!any) return html`<p>No method abstained on any query.</p>`;
  const head = headings(['Method', 'Reason'], ['Queries', 'Share', 'Samples that would do']);
  const rows = ({ methods, queries }: RunStatistics): Part =>
    methods.flatMap(({ method, abstentions }) =>
      abstentions.map(
        ({ reason, count, samplesNeeded }) =>
          html`<tr><th scope="row">${methodTag(method)}</th><td class="text">${reasonText(reason)}</td>${numberCells([integer(count), percent(count / queries), needed(samplesNeeded)])}</tr>\n`,
      ),
    );
  const bodies = statistics.map((one) => body(one, statistics.length > 1, 5, rows(one)));
  return html`${table('Abstentions by reason, over all queries', head, bodies)}
<p class="note">An abstention is no error: the answer is given, but nothing is promised about it. Samples that would do: an estimate of
the noise samples with which half, and all, of the queries concerned would get a positive radius.</p>`;
}

function needed(samples: readonly number[]): Part {
  if (samples.length === 0) return '–';
  const half = about(median(samples));
  const all = about(samples[samples.length - 1]);
  return half === all
    ? half
    : html`${half} <span class="muted">half,</span> ${all} <span class="muted">all</span>`;
}

/** Key numbers of one run. */
export function keyNumbers({ run, queries, recall, methods }: RunStatistics): Html {
  const name = recallName([run]);
  const method = PREFERRED.map((one) => methods.find((of) => of.method === one)).find(
    (of) => of !== undefined,
  );
  const positive = run.manifest.radii.filter((radius) => radius > 0);
  const radius = positive[Math.floor((positive.length - 1) / 2)];
  const tiles = [
    tile(integer(queries), queries === 1 ? 'query' : 'queries'),
    tile(percent(recall.base), `${name} of the base model`),
    tile(percent(recall.smoothed), `${name} of the smoothed model`),
    method && tile(percent(method.certified / method.queries), `certified at some radius (${method.method})`),
    method &&
      radius !== undefined &&
      tile(percent(shareAbove(method.curve, radius)), `certified at r = ${radius} (${method.method})`),
    method && tile(decimal(method.meanRadius), `mean certified radius (${method.method})`),
  ];
  return html`<ul class="tiles">${tiles.filter((one) => one !== undefined)}</ul>`;
}

/** A number and what it is. */
export function tile(value: string, name: string): Html {
  return html`<li><b>${value}</b> <span>${name}</span></li>`;
}

/** Listed one by one up to this many a run; the rest is counted. */
const LISTED = 25;

/** The section on skipped images. */
export function skippedSection(runs: readonly LoadedRun[]): Html {
  const lists = runs
    .filter(({ skipped }) => skipped.length > 0)
    .map((run) => skippedOf(run, runs.length > 1));
  return html`<section>
<h2>Skipped images</h2>
${lists.length > 0 ? lists : html`<p>None: every query was read.</p>`}
</section>
`;
}

function skippedOf({ name, skipped }: LoadedRun, several: boolean): Html {
  const items = skipped
    .slice(0, LISTED)
    .map(({ query, error }) => html`<li><code><bdi>${query}</bdi></code> ${error}</li>\n`);
  const rest = skipped.length - items.length;
  return html`${several && html`<h3><bdi>${name}</bdi></h3>`}
<p>${counted(skipped.length, 'image')} could not be read and ${verb(skipped.length, 'is', 'are')} in none of the shares above.</p>
<ul class="skipped">${items}</ul>
${rest > 0 && html`<p>… and ${rest} more, in skipped.jsonl.</p>`}
`;
}
