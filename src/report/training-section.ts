/** The part of a report on trainings. */
import { type Html, html } from './html.ts';
import { trainingFigures } from './training-figure.ts';
import { trainingSettings } from './training-settings-table.ts';
import { keptTable } from './training-tables.ts';
import type { LoadedTraining } from './types.ts';

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
