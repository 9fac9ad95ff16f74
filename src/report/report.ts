/** The page: one HTML file that asks nothing of the network and runs no script. */
import { RetrievalGuardError } from '../errors.ts';
import { cardSections } from './cards.ts';
import { curveFigure } from './figure.ts';
import { readingGuide } from './guide.ts';
import { Html, html } from './html.ts';
import { PictureBook } from './pictures.ts';
import { settingsTables } from './settings.ts';
import { skippedSection } from './skipped.ts';
import { runStatistics } from './statistics.ts';
import { STYLE } from './style.ts';
import { abstentionTable, recallTable, summaryTable } from './tables.ts';
import { keyNumbers } from './tiles.ts';
import type { LoadedRun, ReportOptions } from './types.ts';
import { recallName } from './words.ts';

/**
 * Makes a self-contained HTML report of one run or several (compared in the same figure and tables). Every number is computed from the
 * rows. The same runs, options and pictures make the same text.
 * @returns the whole document.
 * @throws RUN_INVALID for an empty list of runs; OPTION_INVALID when `cards` is not an integer ≥ 0; whatever `options.pictures` throws.
 */
export async function renderReport(runs: readonly LoadedRun[], options: ReportOptions = {}): Promise<string> {
  const { title = 'Certified image retrieval', cards = 6 } = options;
  if (runs.length === 0)
    throw new RetrievalGuardError('RUN_INVALID', { expected: 'at least one run to report', got: 'none' });
  if (!Number.isInteger(cards) || cards < 0)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'cards to be an integer ≥ 0',
      got: `${cards}`,
    });
  const named = distinctNames(runs);
  const statistics = named.map(runStatistics);
  const book = new PictureBook(options.pictures);
  const figure = await curveFigure(statistics);
  const cardPart = await cardSections(statistics, book, cards, options.method);
  const recall = recallName(named);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="generator" content="retrievalguard ${named[0].manifest.environment.retrievalguard}">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
${book.definitions()}<main>
<header>
<h1>${title}</h1>
<p class="subtitle">${subtitle(named)}</p>
</header>
${notes(named)}${statistics.length === 1 ? keyNumbers(statistics[0]) : null}
<section>
<h2>How to read this</h2>
${readingGuide(named)}
</section>
<section>
<h2>Certified ${recall}</h2>
${figure}${summaryTable(statistics)}
</section>
<section>
<h2>${recall} without certificates</h2>
${recallTable(statistics)}
</section>
<section>
<h2>Abstentions</h2>
${abstentionTable(statistics)}
</section>
${cardPart}${skippedSection(named)}<section>
<h2>Settings and environment</h2>
${settingsTables(named)}
</section>
<footer>Made by retrievalguard from the rows of ${named.length === 1 ? 'the run' : 'the runs'}. The certificates hold for the smoothed
system under the settings above.</footer>
</main>
</body>
</html>
`.text;
}

/** Runs whose folders have the same name get a number behind it. */
function distinctNames(runs: readonly LoadedRun[]): LoadedRun[] {
  const times = new Map<string, number>();
  return runs.map((run) => {
    const before = times.get(run.name) ?? 0;
    times.set(run.name, before + 1);
    return before === 0 ? run : { ...run, name: `${run.name} (${before + 1})` };
  });
}

function subtitle(runs: readonly LoadedRun[]): Html {
  const one = ({ name, manifest: { options, environment } }: LoadedRun): Html =>
    html`<bdi>${name}</bdi>: <bdi>${options.data}</bdi>, σ = ${options.sigma}, α = ${options.alpha}, <time datetime="${environment.started}">${environment.started.slice(0, 10)}</time>`;
  return html`${runs.map((run, i) => html`${i > 0 ? new Html('<br>') : null}${one(run)}`)}`;
}

function notes(runs: readonly LoadedRun[]): Html {
  return html`${runs.flatMap(({ name, notes: all }) =>
    all.map(
      (note) =>
        html`<p class="warning" role="note">${runs.length > 1 && html`<bdi>${name}</bdi>: `}${note}</p>\n`,
    ),
  )}`;
}
