/** All that is known of one query. */
import { inFile } from '../../evaluate/file-radii.ts';
import { correctRadius } from '../../evaluate/method-statistics.ts';
import type { Method, Row } from '../../evaluate/schema.ts';
import type { ExplorerRun } from '../explorer.ts';
import { about, decimal, integer } from '../format.ts';
import { NEAREST_SHOWN } from '../select.ts';
import { reasonText, STOPPED } from '../../evaluate/reason-words.ts';
import { element } from './dom.ts';
import { NoisyPicture } from './noisy-picture.ts';

/** The picture of a query or gallery item; undefined where the page has none. */
export function pictureOf(run: ExplorerRun, id: string, role: 'query' | 'gallery'): string | undefined {
  const { query, gallery } = run.pictures;
  const own = role === 'query' ? query : gallery;
  if (Object.hasOwn(own, id)) return own[id];
  return role === 'gallery' && run.leaveOneOut && Object.hasOwn(query, id) ? query[id] : undefined;
}

/** A picture in its place, or a hatched square. */
export function thumbnail(uri: string | undefined, alt: string): HTMLElement {
  return uri
    ? element('img', { class: 'picture', src: uri, alt })
    : element('span', { class: 'picture none', role: 'img', 'aria-label': `${alt} (no picture)` });
}

/** The opened query: pictures, answers, margin, certificates, nearest items. */
export function card(run: ExplorerRun, row: Row): HTMLElement {
  return element(
    'div',
    { class: 'opened' },
    pictures(run, row),
    element('div', {}, facts(row), certificates(run, row), nearest(run, row)),
  );
}

function facts(row: Row): HTMLElement {
  const fact = (name: string, value: string) => [element('dt', {}, name), element('dd', {}, value)];
  const answer = ({ predicted, score }: { predicted: string; score: 0 | 1 }): string =>
    `${score === 1 ? '✓' : '✗'} ${predicted}`;
  return element(
    'dl',
    { class: 'opened-facts' },
    fact('label', row.label),
    fact('smoothed', answer(row)),
    fact('base', answer(row.base)),
    row.vote ? fact('vote', answer(row.vote)) : null,
    row.duel ? fact('duel', answer(row.duel)) : null,
    fact('margin', row.margin === undefined ? '–' : decimal(row.margin)),
    fact(
      'samples',
      `${integer(row.samples)} in ${row.seconds.toFixed(1)} s${row.stopped ? `: ${STOPPED[row.stopped]}` : ''}`,
    ),
  );
}

function certificates({ methods }: ExplorerRun, row: Row): HTMLElement {
  const line = (method: Method) => {
    const found = row.methods[method];
    const text = !found
      ? 'not asked'
      : found.kind === 'certified'
        ? `${decimal(found.radius)}${row.file ? ` (in the file's pixels ${decimal(inFile(found.radius, row.file))})` : ''} for ${found.label}${found.label === row.label ? '' : ', a wrong label'}`
        : `abstains: ${reasonText(found.reason)}${found.samplesNeeded === undefined ? '' : ` (about ${about(found.samplesNeeded)} samples would do)`}`;
    return [element('dt', {}, method), element('dd', {}, text)];
  };
  return element('dl', { class: 'opened-facts' }, methods.map(line));
}

function nearest(run: ExplorerRun, row: Row): HTMLElement {
  const items = row.nearest.slice(0, NEAREST_SHOWN).map(({ id, label, distance }) => {
    const same = label === row.label;
    return element(
      'li',
      { class: same ? 'same' : 'other', title: id },
      thumbnail(pictureOf(run, id, 'gallery'), `${same ? 'Same' : 'Other'} label: ${label}, ${id}`),
      element(
        'span',
        { class: 'label' },
        element('span', { 'aria-hidden': 'true' }, same ? '✓ ' : '✗ '),
        label,
      ),
      element('span', { class: 'distance' }, decimal(distance)),
    );
  });
  return element('ol', { class: 'nearest', 'aria-label': 'Nearest gallery items' }, items);
}

/** The query under the noise of the run, and after a change of any size, by a slider. */
function pictures(run: ExplorerRun, row: Row): HTMLElement | null {
  const uri = pictureOf(run, row.query, 'query');
  if (!uri || !run.input) return null;
  const noisy = new NoisyPicture(uri, row.query, run.sigma, run.input);
  void noisy.drawNoise();
  const changed = new NoisyPicture(uri, row.query, run.sigma, run.input);
  const radii = run.methods.map((method) => ({ method, radius: correctRadius(row, method) }));
  const best = Math.max(0, ...radii.map(({ radius }) => radius).filter(Number.isFinite));
  const told = element('output', {});
  const slider = element('input', {
    type: 'range',
    min: 0,
    max: Math.max(2 * best, 4 * run.sigma),
    step: 'any',
    value: best > 0 ? 0.99 * best : run.sigma,
    'aria-label': 'Size of the change',
    oninput: () => show(),
  });
  const show = (): void => {
    const size = Number(slider.value);
    void changed.drawChange(size);
    const within = radii.filter(({ radius }) => radius > size).map(({ method }) => method);
    told.textContent = `size ${decimal(size)}: ${within.length > 0 ? `within the radius of ${within.join(', ')}` : 'beyond every radius certified for the right answer'}`;
  };
  show();
  return element(
    'div',
    { class: 'opened-pictures' },
    element('figure', {}, noisy.canvas, element('figcaption', {}, `noise σ = ${run.sigma}`)),
    element('figure', {}, changed.canvas, element('figcaption', {}, slider, told)),
  );
}
