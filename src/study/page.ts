/** The study as one self-contained HTML page: figures with captions, tables, settings. */
import { hiding } from '../report/hide-paths.ts';
import { stringify as stringifyYaml } from 'yaml';
import { htmlDocument } from '../report/document.ts';
import { type Html, Html as RawHtml, html } from '../report/html.ts';
import { STYLE } from '../report/style.ts';
import { table as htmlTable } from '../report/table.ts';
import type { Figure } from './figures/index.ts';
import { leadOf, shown, type Table } from './tables.ts';
import type { StudyView } from './view.ts';
import { count } from '../words.ts';

/** Figures keep their white paper in the dark: their colours are those of print. */
const PAGE_STYLE = `
.paper{background:#fff;border-radius:.5rem;padding:.6rem;overflow-x:auto}
.paper svg{display:block;max-width:100%;height:auto}
section>.scroll td,details .scroll td,section>.scroll th,details .scroll th{white-space:nowrap}
details{margin:.8rem 0}summary{cursor:pointer;font-weight:500}
pre{background:var(--panel);padding:1rem;border-radius:.5rem;overflow-x:auto;font-size:.85rem}
nav ol{columns:2 20rem;font-size:.92rem}a{color:var(--accent)}`;

/** Makes the page. Nothing in it asks the network for anything. */
export function studyPage(view: StudyView, figures: readonly Figure[], tables: readonly Table[]): string {
  const { study, result } = view;
  const byName = new Map(tables.map((one) => [one.name, one]));
  const beside: Record<string, string> = { rejection: '', methods: 'comparison' };
  const tableOf = (name: string): Table | undefined => byName.get(beside[name] ?? name);
  const placed = new Set(figures.map(({ name }) => tableOf(name)?.name));
  const sections = figures.map((figure, i) => {
    const found = tableOf(figure.name);
    return html`<section id="${figure.name}">
<h2>${i + 1}. ${figure.title}</h2>
<figure><div class="paper">${new RawHtml(figure.svg)}</div>
<figcaption>${figure.caption}</figcaption></figure>
${figure.name === 'methods' && comparisonText(view)}
${found && html`<details><summary>${count(found.rows.length, 'row')} of numbers</summary>${tableHtml(found)}</details>`}
</section>
`;
  });
  const rest = tables.filter(({ name }) => !placed.has(name));
  const queries = result.runs[0]?.rows.length ?? 0;
  const body = html`<main>
<header>
<h1>${study.title}</h1>
<p class="subtitle">${count(result.runs.length, 'run')} of ${count(queries, 'query')} against ${result.gallery} gallery items, ${hiding([study.data.test ?? ''])(study.data.test ?? 'no data')}</p>
</header>
<nav aria-label="Figures"><ol>${figures.map(({ name, title }) => html`<li><a href="#${name}">${title}</a></li>`)}</ol></nav>
${rest.map((one) => html`<section id="${one.name}">${tableHtml(one)}</section>`)}
${sections}
<section id="settings">
<h2>Settings</h2>
<p>With this file, the same data and the same version every number comes out again. Times depend on the machine.</p>
<pre>${lines(stringifyYaml(study))}</pre>
<p class="note">${Object.entries(result.environment)
    .map(([key, value]) => `${key} ${value}`)
    .join(' · ')}</p>
</section>
<footer>Made by retrievalguard. Certificates hold for the smoothed system, each with its own probability; see docs/certificates.md.</footer>
</main>
`;
  return htmlDocument({ title: study.title, style: STYLE + PAGE_STYLE, body });
}

/** Text whose line breaks stay. */
const lines = (text: string): Html[] =>
  text.split('\n').map(
    (line) => html`${line}
`,
  );

/** For each run, in words, whether cdf with few samples beats the paper's method with infinitely many. */
function comparisonText(view: StudyView): Html {
  const n = view.thousand.samples.toLocaleString('en-US');
  const lines = view.study.sigmas.flatMap((sigma) =>
    view.models.map((name) => html`<li>${name}, σ = ${sigma}: ${leadText(view, name, sigma)}</li>`),
  );
  return html`<p>cdf with n = ${n} against paper with n → ∞, at every radius where either is positive:</p><ul>${lines}</ul>`;
}

/** One line of the comparison, over all radii and not only those of the table. */
export function leadText(view: StudyView, name: string, sigma: number): string {
  const { notAheadUntil, behindUntil, last } = leadOf(view, view.run(name, sigma));
  const r = (value: number): string => value.toPrecision(3);
  if (last === 0) return 'neither certifies anything';
  if (notAheadUntil === 0) return 'cdf is ahead at every radius';
  if (behindUntil === 0) return `cdf is ahead from r = ${r(notAheadUntil)} on, and never behind`;
  if (behindUntil >= last) return 'cdf is behind somewhere up to the last radius';
  return `cdf is ahead from r = ${r(notAheadUntil)} on, and behind somewhere below r = ${r(behindUntil)}`;
}

const tableHtml = ({ title, columns, rows }: Table): Html =>
  htmlTable(
    title,
    columns.map(
      ({ name, format }) => html`<th scope="col" class="${format === 'text' ? '' : 'number'}">${name}</th>`,
    ),
    html`<tbody>${rows.map(
      (row) =>
        html`<tr>${row.map((value, i) =>
          columns[i].format === 'text'
            ? html`<td>${shown(value, 'text')}</td>`
            : html`<td class="number">${shown(value, columns[i].format)}</td>`,
        )}</tr>`,
    )}</tbody>`,
  );
