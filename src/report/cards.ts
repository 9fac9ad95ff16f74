/** Cards: a query with its picture, its answers, its radius by method and the gallery items nearest to it. */
import { radiusInPixels } from '../evaluate/file-radii.ts';
import { correctRadius } from '../evaluate/method-statistics.ts';
import { METHODS, type Method, MOST_RADIUS, type NearestRow, type Row } from '../evaluate/schema.ts';
import { changedPictures } from './changed-pictures.ts';
import { methodColour } from '../charts/index.ts';
import { about, decimal } from './format.ts';
import { type Html, html } from './html.ts';
import { PictureBook } from './page-pictures.ts';
import { NEAREST_SHOWN, selectRows } from './select.ts';
import type { RunStatistics } from './statistics.ts';
import type { LoadedRun } from './types.ts';
import { reasonInShort, reasonText } from '../evaluate/reason-words.ts';

/** The two groups of cards, run by run. `cards` is shared among the runs: the first ones where there are more runs than cards. */
export async function cardSections(
  statistics: readonly RunStatistics[],
  book: PictureBook,
  cards: number,
  method?: Method,
): Promise<Html> {
  const shown = statistics.slice(0, cards);
  const each = Math.floor(cards / Math.max(1, shown.length));
  const parts = await Promise.all(
    shown.map((one) => runCards(one, book, each, statistics.length > 1, method)),
  );
  return html`${parts}`;
}

async function runCards(
  one: RunStatistics,
  book: PictureBook,
  count: number,
  several: boolean,
  method?: Method,
): Promise<Html | null> {
  const selection = selectRows(one.run, count, method);
  if (!selection) return null;
  const scale = Math.max(...one.methods.map(({ maxRadius }) => maxRadius));
  const whose = several ? html` <small>in <bdi>${one.run.name}</bdi></small>` : null;
  const group = async (rows: readonly Row[]): Promise<Html> => {
    const cards = await Promise.all(rows.map((row) => card(one.run, row, scale, book)));
    return html`<div class="cards">${cards}</div>`;
  };
  return html`<section>
<h2>Hardest queries${whose}</h2>
<p>Wrong answers first, the most firmly wrong ones; then correct answers with the smallest radius by <b>${selection.method}</b>.</p>
${selection.hardest.length > 0 ? await group(selection.hardest) : html`<p>None.</p>`}
</section>
<section>
<h2>Most robust queries${whose}</h2>
<p>Correct answers with the greatest radius by <b>${selection.method}</b>.</p>
${selection.robust.length > 0 ? await group(selection.robust) : html`<p>None: no query got a certificate.</p>`}
</section>
`;
}

async function card(run: LoadedRun, row: Row, scale: number, book: PictureBook): Promise<Html> {
  const methods = METHODS.filter((method) => run.manifest.options.methods.includes(method));
  const picture = await book.name(run, row.query, 'query');
  const bytes = book.bytes(picture);
  const changed = bytes && (await changedPictures(run, row, bytes));
  const nearest = await Promise.all(
    row.nearest
      .slice(0, NEAREST_SHOWN)
      .map(async (item) => nearestItem(item, row, await book.name(run, item.id, 'gallery'))),
  );
  return html`<article class="card">
<div class="query">${PictureBook.show(picture, `Query ${row.query}, label ${row.label}`)}
<div class="facts">
<h3><bdi>${row.label}</bdi></h3>
<p class="path" title="${row.query}"><bdi>${row.query}</bdi></p>
<ul class="answers">${answer('smoothed', row, row)}${answer('base', row, row.base)}${row.vote && answer('vote', row, row.vote)}${row.duel && answer('duel', row, row.duel)}${row.margin !== undefined && html`<li><span class="system">margin</span> <span>${decimal(row.margin)}</span></li>`}</ul>
</div></div>
<dl class="radii">${methods.map((method) => radiusLine(row, method, scale))}</dl>
${inPixels(run, row)}${changed}<ol class="nearest" aria-label="Nearest gallery items">${nearest}</ol>
</article>
`;
}

/** The largest radius of the right answer in a person's units, and in the pixels of the file where the run speaks of them. */
function inPixels({ manifest }: LoadedRun, row: Row): Html | null {
  const { methods } = manifest.options;
  const { input } = manifest.environment;
  const best = methods.reduce((a, b) => (correctRadius(row, b) > correctRadius(row, a) ? b : a));
  const radius = correctRadius(row, best);
  if (!input || radius === 0 || radius === MOST_RADIUS) return null;
  return html`<p class="note">${radiusInPixels(radius, row.file, input, best)}</p>
`;
}

function answer(system: string, row: Row, { predicted, score }: { predicted: string; score: 0 | 1 }): Html {
  const verdict = score === 1 ? 'correct' : 'wrong';
  const sign = score === 1 ? '✓' : '✗';
  const text =
    predicted === row.label
      ? html`<span class="mark" aria-hidden="true">${sign}</span> ${verdict}`
      : html`<span class="mark" role="img" aria-label="${verdict}">${sign}</span> <bdi>${predicted}</bdi>`;
  return html`<li class="${verdict}"><span class="system">${system}</span> <span>${text}</span></li>`;
}

function radiusLine(row: Row, method: Method, scale: number): Html {
  const found = row.methods[method];
  const name = html`<dt>${method}</dt>`;
  if (!found) return html`${name}<dd class="muted">not asked</dd>`;
  if (found.kind === 'abstain') {
    const { samplesNeeded, reason } = found;
    const why =
      samplesNeeded === undefined
        ? `abstains: ${reasonInShort(reason)}`
        : `needs about ${about(samplesNeeded)} samples`;
    return html`${name}<dd class="muted" title="${reasonText(reason)}">${why}</dd>`;
  }
  const share = scale > 0 ? Math.min(1, found.radius / scale).toFixed(3) : '0';
  const other = found.label === row.label ? null : html` <span class="wrong">for the wrong label</span>`;
  return html`${name}<dd><span class="bar" style="width:calc((100% - 3.6rem) * ${share});background:${methodColour(method)}"></span><span class="value">${decimal(found.radius)}${other}</span></dd>`;
}

function nearestItem({ id, label, distance }: NearestRow, row: Row, picture: string | null): Html {
  const same = label === row.label;
  return html`<li class="${same ? 'same' : 'other'}" title="${id}">${PictureBook.show(picture, `${same ? 'Same' : 'Other'} label: ${label}, ${id}`)}<span class="label"><span aria-hidden="true">${same ? '✓' : '✗'}</span> <bdi>${label}</bdi></span><span class="distance">${decimal(distance)}</span></li>`;
}
