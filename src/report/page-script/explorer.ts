/** The table of all queries: searched, filtered, ordered, turned page by page, and kept as CSV. */
import { correctRadius, PREFERRED } from '../../evaluate/method-statistics.ts';
import type { Method, Row } from '../../evaluate/schema.ts';
import type { ExplorerRun } from '../explorer.ts';
import { decimal, integer } from '../format.ts';
import { card, pictureOf, thumbnail } from './card.ts';
import { rowsAsCsv } from './rows-csv.ts';
import { download, element } from './dom.ts';
import { FILTERS, ORDERS, select, type Wish } from './view.ts';

const PER_PAGE = 25;

/** Fills `place` with the explorer of the runs. */
export function startExplorer(place: HTMLElement, runs: readonly ExplorerRun[]): void {
  let run = runs[0];
  const wish: Wish = { text: '', filter: 'all', method: preferred(run), order: 'file', descending: false };
  let shown: Row[] = [];
  let page = 0;

  const body = element('tbody');
  const head = element('thead');
  const position = element('output', { class: 'position', 'aria-live': 'polite' });
  const pages = (): number => Math.max(1, Math.ceil(shown.length / PER_PAGE));
  const turn = (to: number): void => {
    page = Math.min(Math.max(0, to), pages() - 1);
    drawPage();
  };
  const button = (text: string, onclick: () => void) => element('button', { type: 'button', onclick }, text);
  const first = button('first', () => turn(0));
  const before = button('previous', () => turn(page - 1));
  const after = button('next', () => turn(page + 1));
  const last = button('last', () => turn(pages() - 1));
  const keep = button('CSV', () => download(run.name, rowsAsCsv(run.methods, shown)));

  const ask = (): void => {
    shown = select(run.rows, wish);
    keep.textContent = `CSV of ${integer(shown.length)}`;
    turn(0);
  };
  const drawPage = (): void => {
    const from = page * PER_PAGE;
    const rows = shown.slice(from, from + PER_PAGE);
    position.textContent =
      shown.length === 0
        ? 'none'
        : `${integer(from + 1)} to ${integer(from + rows.length)} of ${integer(shown.length)}`;
    first.disabled = before.disabled = page === 0;
    after.disabled = last.disabled = page === pages() - 1;
    body.replaceChildren(...rows.flatMap((row) => lines(run, row)));
  };

  const methods = element('select', {
    onchange: () => {
      wish.method = methods.value as Method;
      ask();
    },
  });
  const useRun = (index: number): void => {
    run = runs[index];
    if (!run.methods.includes(wish.method)) wish.method = preferred(run);
    methods.replaceChildren(...run.methods.map((method) => option(method, method, method === wish.method)));
    head.replaceChildren(heading(run));
    ask();
  };
  const chosen = <Key extends string>(options: Record<Key, string>, use: (key: Key) => void) => {
    const made = element(
      'select',
      {
        onchange: () => {
          use(made.value as Key);
          ask();
        },
      },
      Object.entries<string>(options).map(([key, text]) => option(key, text, false)),
    );
    return made;
  };
  const search = element('input', {
    type: 'search',
    placeholder: 'part of a path or label',
    oninput: () => {
      wish.text = search.value;
      ask();
    },
  });
  const descending = element('input', {
    type: 'checkbox',
    onchange: () => {
      wish.descending = descending.checked;
      ask();
    },
  });
  const labelled = (text: string, control: Element) => {
    control.setAttribute('aria-label', text);
    return element('label', {}, text, ' ', control);
  };

  place.replaceChildren(
    element(
      'div',
      { class: 'controls' },
      runs.length > 1
        ? labelled(
            'run',
            chosen(Object.fromEntries(runs.map(({ name }, i) => [`${i}`, name])), (index) =>
              useRun(Number(index)),
            ),
          )
        : null,
      labelled('search', search),
      labelled(
        'show',
        chosen(FILTERS, (filter) => (wish.filter = filter)),
      ),
      labelled('by', methods),
      labelled(
        'order',
        chosen(ORDERS, (order) => (wish.order = order)),
      ),
      element('label', {}, descending, ' descending'),
    ),
    element(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Queries' },
      element('table', { class: 'queries' }, head, body),
    ),
    element('div', { class: 'controls' }, first, before, position, after, last, keep),
  );
  useRun(0);
}

const preferred = ({ methods }: ExplorerRun): Method =>
  PREFERRED.find((method) => methods.includes(method)) ?? methods[0];

const option = (value: string, text: string, selected: boolean) =>
  element('option', { value, selected }, text);

function heading({ methods }: ExplorerRun): HTMLElement {
  const column = (text: string, number = false) =>
    element('th', { scope: 'col', class: number ? 'number' : null }, text);
  return element(
    'tr',
    {},
    column('Query'),
    column('Smoothed answer'),
    column('Base answer'),
    column('Margin', true),
    methods.map((method) => column(method, true)),
  );
}

/** A query's line, and the line below it that opens. */
function lines(run: ExplorerRun, row: Row): HTMLElement[] {
  const below = element('tr', { hidden: true, class: 'below' });
  const open = element(
    'button',
    {
      type: 'button',
      class: 'open',
      'aria-expanded': 'false',
      onclick: () => {
        below.hidden = !below.hidden;
        open.setAttribute('aria-expanded', String(!below.hidden));
        if (!below.hidden && !below.hasChildNodes())
          below.append(element('td', { colspan: 4 + run.methods.length }, card(run, row)));
      },
    },
    thumbnail(pictureOf(run, row.query, 'query'), ''),
    element('span', {}, element('bdi', {}, row.label), element('small', {}, element('bdi', {}, row.query))),
  );
  const answer = ({ predicted, score }: { predicted: string; score: 0 | 1 }) =>
    element(
      'td',
      { class: score === 1 ? 'correct' : 'wrong' },
      element('span', { class: 'mark' }, score === 1 ? '✓ ' : '✗ '),
      element('bdi', {}, predicted),
    );
  const radius = (method: Method) => {
    const found = row.methods[method];
    const text = !found ? '' : found.kind === 'abstain' ? '–' : decimal(found.radius);
    const wrong = found?.kind === 'certified' && correctRadius(row, method) === 0;
    return element(
      'td',
      { class: 'number', title: wrong ? `for the wrong label ${found.label}` : null },
      wrong ? `(${text})` : text,
    );
  };
  return [
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, open),
      answer(row),
      answer(row.base),
      element('td', { class: 'number' }, row.margin === undefined ? '–' : decimal(row.margin)),
      run.methods.map(radius),
    ),
    below,
  ];
}
