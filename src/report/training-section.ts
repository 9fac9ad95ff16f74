/** The part of a report on trainings: curves, the kept epochs in numbers, and the settings. */
import type { EpochRow, RetrievalMetrics } from '../training/index.ts';
import { duration, percent } from './format.ts';
import { type Html, html, type Part } from './html.ts';
import { trainingSettings } from './settings-table.ts';
import { headings, numberCells, table } from './table.ts';
import { tile } from './tables.ts';
import { trainingFigures } from './training-figure.ts';
import { keptEpoch, lastEpoch, type LoadedTraining, noiseText, stepSeconds } from './types.ts';

const JUDGED =
  'After each epoch it was judged on held-out pictures, each a query against all others, and the model of the best epoch was kept: by Recall@1 under noise where it trains with noise, else by Recall@1 on clean pictures.';

/** Curves, the kept epochs in numbers, and the settings. Nothing for no training. */
export function trainingSections(trainings: readonly LoadedTraining[]): Html | null {
  if (trainings.length === 0) return null;
  const judged = trainings.some(({ manifest }) => manifest.configuration.validation !== null);
  return html`<section>
<h2>Training</h2>
<p>Metric learning brings pictures of one class together and moves other classes apart; with Gaussian noise on every training picture the
encoder learns to do so under noise too. ${judged ? JUDGED : 'The model of the last epoch was kept.'}</p>
${trainingFigures(trainings)}${keptTable(trainings)}
</section>
<section>
<h2>Settings of ${trainings.length === 1 ? 'the training' : 'the trainings'}</h2>
${trainingSettings(trainings)}
</section>
`;
}

/** Key numbers of one training. */
export function trainingTiles(training: LoadedTraining): Html {
  const kept = keptEpoch(training);
  const { epochs } = training.manifest.configuration;
  const tiles = [
    tile(`${lastEpoch(training)} of ${epochs}`, `epochs finished${kept ? `, epoch ${kept.epoch} kept` : ''}`),
    kept?.clean && tile(percent(kept.clean.recallAt1), 'Recall@1 on held-out pictures'),
    kept?.noisy && tile(percent(kept.noisy.recallAt1), `Recall@1 under noise (${noiseText(training)})`),
    kept?.clean && tile(percent(kept.clean.mapAtR), 'MAP@R on held-out pictures'),
    tile(duration(stepSeconds(training)), 'spent on steps'),
  ];
  return html`<ul class="tiles">${tiles}</ul>`;
}

/** Recall@1, 2, 4, 8 and MAP@R of each training's kept epoch, clean and under noise, and before training. */
export function keptTable(trainings: readonly LoadedTraining[]): Html | null {
  const judged = trainings.filter((training) => keptEpoch(training)?.clean);
  if (judged.length === 0) return null;
  const noisy = judged.filter((training) => keptEpoch(training)?.noisy);
  const several = trainings.length > 1;
  const head = headings(several ? ['Training', 'Epoch'] : ['Epoch'], [
    'Recall@1',
    'Recall@2',
    'Recall@4',
    'Recall@8',
    'MAP@R',
  ]);
  const body = (name: string, group: readonly LoadedTraining[], pick: Pick, note: boolean): Part =>
    group.length > 0 &&
    html`<tbody><tr class="group"><th scope="rowgroup" colspan="${several ? 7 : 6}">${name}</th></tr>\n${group.map((training) => trainingRows(training, pick, several, note))}</tbody>\n`;
  const bodies = [
    body('Clean pictures', judged, ({ clean }) => clean, false),
    body('Pictures with noise', noisy, (row) => row.noisy, true),
  ];
  return html`${table('Retrieval among the held-out pictures, of the kept epoch', head, bodies)}
<p class="note">Recall@k: the share of the pictures that have one of their own class among the k nearest others. MAP@R looks at as many
places as there are others of the class, and counts how early they are filled rightly.</p>`;
}

type Pick = (row: EpochRow) => RetrievalMetrics | null;

function trainingRows(training: LoadedTraining, pick: Pick, several: boolean, note: boolean): Html {
  const kept = keptEpoch(training);
  const [before] = training.history;
  const name = html`<bdi>${training.name}</bdi>${note && html` <span class="muted">(${noiseText(training)})</span>`}`;
  return html`${kept && metricsRow(several && name, `${kept.epoch}, kept`, pick(kept), false)}${metricsRow(several && html``, '0, before training', pick(before), true)}`;
}

function metricsRow(
  name: Html | false,
  epoch: string,
  metrics: RetrievalMetrics | null,
  muted: boolean,
): Html | null {
  if (!metrics) return null;
  const { recallAt1, recallAt2, recallAt4, recallAt8, mapAtR } = metrics;
  const cells = numberCells([recallAt1, recallAt2, recallAt4, recallAt8, mapAtR].map(percent));
  const first = name
    ? html`<th scope="row">${name}</th><td class="epoch">${epoch}</td>`
    : html`<th scope="row">${epoch}</th>`;
  return html`<tr${muted ? html` class="muted"` : null}>${first}${cells}</tr>\n`;
}
