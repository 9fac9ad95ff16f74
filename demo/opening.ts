/** What the demo's report opens with: the ordinary search broken, the smoothed one standing, and how far. */
import { shareAbove, survivalCurve } from '../src/evaluate/curve.ts';
import { correctRadius } from '../src/evaluate/method-statistics.ts';
import type { Row } from '../src/evaluate/schema.ts';
import { methodColour } from '../src/charts/index.ts';
import { decimal, integer, percent } from '../src/report/format.ts';
import { Html, html } from '../src/report/html.ts';
import { tile } from '../src/report/tables.ts';
import type { Answer, AttackedQuery } from './attack.ts';
import { recallChart } from '../src/report/charts.ts';

/** What the opening is made of. */
export interface OpeningOptions {
  attacked: readonly AttackedQuery[];
  /** Rows of the certify run of the encoder trained with noise. */
  rows: readonly Row[];
  sigma: number;
  /** Values of the model's input, for "grey levels a pixel". */
  values: number;
  /** Size of a change of which the headline speaks. */
  radius: number;
  /** A picture's PNG (base64). */
  picture: (id: string) => Promise<string>;
  /** Command lines that made the report. */
  commands: readonly string[];
}

/** Examples shown. */
const EXAMPLES = 6;

/** The sections before the tables. */
export async function opening(options: OpeningOptions): Promise<Html> {
  const { attacked, rows, sigma, values, radius, commands } = options;
  const total = attacked.length;
  // an answer that no change was found for stands whatever the size
  const ordinary = survivalCurve(
    attacked.map(({ norm }) => norm ?? Number.POSITIVE_INFINITY),
    total,
  );
  const proven = (method: 'cdf' | 'duel') =>
    survivalCurve(
      rows.map((row) => correctRadius(row, method)),
      rows.length,
    );
  const [cdf, duel] = [proven('cdf'), proven('duel')];
  const right = (share: (one: AttackedQuery) => boolean): string =>
    percent(attacked.filter(share).length / total);
  const most = 1.05 * Math.max(...duel.map((step) => step.radius), ...cdf.map((step) => step.radius), radius);
  const levels = ((radius / Math.sqrt(values)) * 255).toFixed(1);
  const broken = attacked.filter(({ norm }) => norm !== null && norm > 0);
  const median = broken.map(({ norm }) => norm!).sort((a, b) => a - b)[Math.floor(broken.length / 2)];
  return html`<style>${new Html(STYLE)}</style>
<section>
<h2>An ordinary image search breaks under a change that nobody sees</h2>
<p>Two searches answer which character a picture shows, by the nearest picture of a gallery. Neither network saw any of these characters in training. The <b>ordinary</b>
one compares embeddings of a network trained without noise. The <b>smoothed</b> one compares mean embeddings over Gaussian noise (σ = ${sigma}), of the same network trained with
noise. Then each of ${integer(total)} pictures is changed as little as an attack on the ordinary search can manage${median !== undefined && html` (in the middle by ${decimal(median)})`}.</p>
<ul class="tiles">
${tile(
  right(({ ordinary: { before }, label }) => before.label === label),
  'ordinary search: right',
)}
${tile(percent(shareAbove(ordinary, radius)), `ordinary search: still right under attack, changes up to ${radius}`)}
${tile(
  right(({ smoothed: { before }, label }) => before.label === label),
  'smoothed search: right',
)}
${tile(percent(shareAbove(cdf, radius)), `smoothed search: proven right under every change up to ${radius} (cdf)`)}
${tile(percent(shareAbove(duel, radius)), `the same by duels of labels (duel)`)}
</ul>
<p class="note">A change of size ${radius} is ${levels} of 255 grey levels in each pixel, or more in some and less in others.</p>
<figure>
${recallChart(
  [
    { name: 'ordinary search, under attack', colour: 'var(--wrong)', steps: ordinary },
    { name: 'smoothed search, proven (cdf)', colour: methodColour('cdf'), steps: cdf },
    { name: 'duels of labels, proven (duel)', colour: methodColour('duel'), steps: duel },
  ],
  most,
  'Right answers against the size of a change: the ordinary search falls under attack, the smoothed ones are proven far beyond.',
)}
<figcaption>The red line is what one attack found: a better one would push it further down. The other lines are proven: no attack whatever, known or not yet thought of, gets the smoothed
answers below them (each certificate with probability 99.9% over the noise drawn).</figcaption>
</figure>
</section>
<section>
<h2>Look at it</h2>
${await examples(options)}
<p class="note">Shown the changed pictures of all ${integer(total)} queries, the smoothed search answers ${right(({ smoothed: { after }, label }) => after.label === label)} rightly.
These pictures were made against the other system, so this is an illustration; the proof is the radius.</p>
<details><summary>How this page was made</summary><pre>${commands.map((line) => `$ ${line}\n`)}</pre></details>
</section>
`;
}

/** Queries whose ordinary answer broke and whose smoothed answer is proven beyond that change; of as many scripts as there are. */
export function chooseExamples(
  attacked: readonly AttackedQuery[],
  rows: readonly Row[],
  count: number,
): AttackedQuery[] {
  const radii = new Map(rows.map((row) => [row.query, correctRadius(row, 'cdf')]));
  const fit = attacked
    .filter(
      ({ query, label, ordinary, smoothed, rounded }) =>
        ordinary.before.label === label &&
        ordinary.after.label !== label &&
        smoothed.before.label === label &&
        smoothed.after.label === label &&
        (radii.get(query) ?? 0) > rounded.norm,
    )
    .toSorted((a, b) => a.rounded.norm - b.rounded.norm);
  const perScript = new Map<string, number>();
  // the first of every script, then the second of every script, …
  const turn = new Map(
    fit.map((one) => {
      const script = scriptOf(one.label);
      const before = perScript.get(script) ?? 0;
      perScript.set(script, before + 1);
      return [one, before] as const;
    }),
  );
  return fit.toSorted((a, b) => turn.get(a)! - turn.get(b)!).slice(0, count);
}

async function examples({ attacked, rows, picture }: OpeningOptions): Promise<Html> {
  const chosen = chooseExamples(attacked, rows, EXAMPLES);
  if (chosen.length === 0)
    return html`<p>No query was both broken in the one search and proven in the other.</p>`;
  const byQuery = new Map(rows.map((row) => [row.query, row]));
  const cards = await Promise.all(chosen.map((one) => example(one, byQuery.get(one.query)!, picture)));
  return html`<div class="attacks">${cards}</div>`;
}

async function example(
  { query, label, ordinary, smoothed, rounded }: AttackedQuery,
  row: Row,
  picture: (id: string) => Promise<string>,
): Promise<Html> {
  const answer = async ({ id, label: found }: Answer): Promise<Html> => {
    const verdict = found === label ? 'correct' : 'wrong';
    return html`<td class="${verdict}">${image(await picture(id), `Nearest picture: ${found}`)}<span class="mark">${verdict === 'correct' ? '✓' : '✗'}</span> ${character(found)}</td>`;
  };
  return html`<table class="attack">
<thead><tr><th scope="col">${character(label)}</th><th scope="col">ordinary</th><th scope="col">smoothed</th></tr></thead>
<tbody>
<tr><td>${image(await picture(query), `Query: ${label}`)}the picture</td>${await answer(ordinary.before)}${await answer(smoothed.before)}</tr>
<tr><td>${image(rounded.png, `The query, changed by ${decimal(rounded.norm)}`)}changed by ${decimal(rounded.norm)}</td>${await answer(ordinary.after)}${await answer(smoothed.after)}</tr>
</tbody>
<tfoot><tr><td colspan="3">smoothed answer proven for every change up to <b>${decimal(correctRadius(row, 'cdf'))}</b>${correctRadius(row, 'duel') > 0 && html`, by duels up to <b>${decimal(correctRadius(row, 'duel'))}</b>`}</td></tr></tfoot>
</table>
`;
}

const image = (png: string, alt: string): Html => html`<img src="data:image/png;base64,${png}" alt="${alt}">`;

/** 'greek-03b1' as "α greek". */
function character(label: string): Html {
  const point = Number.parseInt(label.split('-').at(-1) ?? '', 16);
  return html`<b lang="und">${Number.isNaN(point) ? '' : String.fromCodePoint(point)}</b> <small>${scriptOf(label)}</small>`;
}

const scriptOf = (label: string): string => label.replace(/-[^-]*$/, '');

const STYLE = `
.attacks{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr));gap:1rem;margin:1rem 0}
.attack{background:var(--panel);border-radius:.7rem;table-layout:fixed;min-width:0;width:100%;font-size:.85rem}
.attack th,.attack td{text-align:center;border:0;padding:.5rem .4rem;line-height:1.3}
.attack thead th{border:0;font-size:.85rem}
.attack img{display:block;width:4.6rem;height:4.6rem;margin:0 auto .3rem;border-radius:.35rem;image-rendering:pixelated;background:#fff}
.attack .wrong img{outline:3px solid var(--wrong)}.attack .correct img{outline:3px solid var(--correct)}
.attack b[lang]{font-size:1.05rem;font-weight:400}
.attack tfoot td{padding-bottom:.8rem}
details pre{overflow-x:auto;font-size:.8rem;background:var(--panel);padding:.8rem 1rem;border-radius:.5rem}
`;
