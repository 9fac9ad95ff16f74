/** The page: one HTML file that asks nothing of the network. Its one script shows the table of all queries and keeps CSV files. */
import { dirname, resolve } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { guard, makeFolders, writeFileWhole } from '../output.ts';
import { attackSections } from './attack-section.ts';
import { cardSections } from './cards.ts';
import { distributionSections } from './distribution-sections.ts';
import { htmlDocument } from './document.ts';
import { explorerRuns, explorerSection, pageScript, SCRIPT_SOURCE } from './explorer.ts';
import { curveFigure } from './figure.ts';
import { readingGuide } from './guide.ts';
import { withoutPaths } from './hide-paths.ts';
import { Html, html } from './html.ts';
import { PictureBook } from './page-pictures.ts';
import { settingsTables, shortHash } from './settings-table.ts';
import { recallName, type RunStatistics, runStatistics } from './statistics.ts';
import { STYLE } from './style.ts';
import { abstentionTable, keyNumbers, recallTable, skippedSection, summaryTable } from './tables.ts';
import { trainingSections, trainingTiles } from './training-section.ts';
import { isAttack, isTraining, type Loaded, type LoadedRun, noiseText, type ReportOptions } from './types.ts';

/**
 * Makes a self-contained HTML report of runs, attacks and trainings, one or several (compared in the same figures and tables). Every number is
 * computed from the rows. The same folders, options and pictures make the same text.
 * @returns the whole document.
 * @throws RUN_INVALID for an empty list; OPTION_INVALID when `cards` or `explorerPictures` is not an integer ≥ 0; whatever `options.pictures` throws.
 */
export async function renderReport(loaded: readonly Loaded[], options: ReportOptions = {}): Promise<string> {
  const { cards = 6, explorerPictures = 2000 } = options;
  if (loaded.length === 0)
    throw new RetrievalGuardError('RUN_INVALID', { expected: 'at least one run to report', got: 'none' });
  for (const [name, value] of Object.entries({ cards, explorerPictures })) {
    if (Number.isInteger(value) && value >= 0) continue;
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `${name} to be an integer ≥ 0`,
      got: `${value}`,
    });
  }
  const complete = distinctNames(loaded);
  const named = complete.map((one) => withoutPaths(one));
  const trainings = named.filter(isTraining);
  const attacks = named.filter(isAttack);
  const runs = named.filter((one): one is LoadedRun => !isTraining(one) && !isAttack(one));
  const title =
    options.title ??
    (runs.length > 0
      ? 'Certified image retrieval'
      : attacks.length > 0
        ? 'Image retrieval under attack'
        : 'Training of encoders');
  const statistics = runs.map(runStatistics);
  // the source of pictures needs the paths that the page does not show
  const completeOf = new Map<Loaded, LoadedRun>();
  for (const [i, one] of named.entries()) completeOf.set(one, complete[i] as LoadedRun);
  const source = options.pictures;
  const book = new PictureBook(source && ((run, id, role) => source(completeOf.get(run) ?? run, id, role)));
  const certified =
    runs.length > 0
      ? await certifiedSections(statistics, book, { ...options, cards, explorerPictures })
      : null;
  const attacked = attackSections(attacks, statistics);
  const trained = trainingSections(trainings);
  const body = html`${book.definitions()}<main>
<header>
<label class="theme"><input type="checkbox" id="theme"> dark or light</label>
<h1>${title}</h1>
<p class="subtitle">${subtitle(named)}</p>
</header>
${notes(named)}${options.opening && new Html(options.opening)}${statistics.length === 1 ? keyNumbers(statistics[0]) : null}${runs.length === 0 && attacks.length === 0 && trainings.length === 1 ? trainingTiles(trainings[0]) : null}
${certified}${attacked}${trained}<footer>Made by retrievalguard from the rows of ${[what(runs.length, 'run'), what(attacks.length, 'attack'), what(trainings.length, 'training')].filter(Boolean).join(' and ')}.${runs.length > 0 && ' The certificates hold for the smoothed system under the settings above.'}</footer>
</main>
${pageScript()}`;
  return htmlDocument({ title, style: STYLE, body, script: SCRIPT_SOURCE });
}

/** "the run", "the runs", or nothing. */
const what = (count: number, name: string): string =>
  count === 0 ? '' : `the ${name}${count === 1 ? '' : 's'}`;

/** Everything on certify runs. */
async function certifiedSections(
  statistics: readonly RunStatistics[],
  book: PictureBook,
  { cards, explorerPictures, method }: ReportOptions & { cards: number; explorerPictures: number },
): Promise<Html> {
  const runs = statistics.map(({ run }) => run);
  const recall = recallName(runs);
  return html`<section>
<h2>How to read this</h2>
${readingGuide(runs)}
</section>
<section>
<h2>Certified ${recall}</h2>
${curveFigure(statistics)}${summaryTable(statistics)}
</section>
<section>
<h2>${recall} without certificates</h2>
${recallTable(statistics)}
</section>
<section>
<h2>Abstentions</h2>
${abstentionTable(statistics)}
</section>
${distributionSections(statistics)}${await cardSections(statistics, book, cards, method)}${explorerSection(await explorerRuns(runs, book, explorerPictures))}${skippedSection(runs)}<section>
<h2>Settings and environment</h2>
${settingsTables(runs)}
</section>
`;
}

/** Runs and trainings whose folders have the same name get a number behind it. */
function distinctNames<Loaded extends { name: string }>(runs: readonly Loaded[]): Loaded[] {
  const times = new Map<string, number>();
  return runs.map((run) => {
    const before = times.get(run.name) ?? 0;
    times.set(run.name, before + 1);
    return before === 0 ? run : { ...run, name: `${run.name} (${before + 1})` };
  });
}

function subtitle(loaded: readonly Loaded[]): Html {
  const lines = loaded.map(
    (one, i) => html`${i > 0 && new Html('<br>')}<bdi>${one.name}</bdi>: ${ofWhat(one)}`,
  );
  return html`${lines}`;
}

function ofWhat(one: Loaded): Html {
  if (isAttack(one)) {
    const { options: asked, environment: where } = one.manifest;
    return html`attack on <bdi>${asked.data}</bdi>, system ${asked.system}, ${date(where.started)}`;
  }
  if (isTraining(one)) {
    const { configuration, environment } = one.manifest;
    const { data, backbone, loss } = configuration;
    return html`training on <bdi>${data}</bdi>, ${shortHash(backbone)}, loss ${loss.name}, ${noiseText(one)}, ${date(environment.started)}`;
  }
  const { options, environment } = one.manifest;
  return html`<bdi>${options.data}</bdi>, σ = ${options.sigma}, α = ${options.alpha}, ${date(environment.started)}`;
}

function date(started: unknown): Html {
  const text = typeof started === 'string' ? started : '';
  return html`<time datetime="${text}">${text.slice(0, 10)}</time>`;
}

function notes(runs: readonly Loaded[]): Html {
  return html`${runs.flatMap(({ name, notes: all }) =>
    all.map(
      (note) =>
        html`<p class="warning" role="note">${runs.length > 1 && html`<bdi>${name}</bdi>: `}${note}</p>\n`,
    ),
  )}`;
}

/**
 * Writes the page, all or nothing. A file of that name is replaced; the folder is made.
 * @throws OUTPUT_UNWRITABLE
 */
export async function writeReport(path: string, html: string): Promise<void> {
  const target = resolve(path);
  await guard(target, () => makeFolders(dirname(target)));
  await writeFileWhole(target, html);
}
