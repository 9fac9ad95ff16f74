/** Training curves: Recall@1, loss and learning rate against the epoch, several trainings in one figure. */
import type { EpochRow } from '../training/index.ts';
import { type Axis, type Line, SHARES } from '../charts/index.ts';
import { chart, legendKey, wideAndNarrow } from './charts.ts';
import { type Html, html } from './html.ts';
import { keptEpoch, type LoadedTraining, noiseText } from './types.ts';

/** Trainings that can be told apart by colour in one figure, as many as style.ts has colours; more get a figure each. */
const TOGETHER = 6;

/** Of curves on noisy pictures. */
const DASHED: readonly number[] = [6, 3.5];

const colour = (training: number): string => `var(--training-${training % TOGETHER})`;

/** One figure for up to six trainings, a figure a training for more, all with the same axes. */
export function trainingFigures(trainings: readonly LoadedTraining[]): Html {
  const finished = trainings.filter(({ history }) => history.some(({ epoch }) => epoch > 0));
  if (finished.length === 0) return html`<p>No epoch is finished yet, so there is no curve.</p>`;
  const groups = finished.length <= TOGETHER ? [finished] : finished.map((one) => [one]);
  const last = Math.max(...finished.flatMap(({ history }) => history.map(({ epoch }) => epoch)));
  const all = rangeOf(finished.flatMap((training) => recallLines(training, '')));
  const recallRange: readonly [number, number] = [Math.max(0, all[0]), Math.min(1, all[1])];
  return html`${groups.map((group) => oneFigure(group, last, recallRange))}`;
}

function oneFigure(
  group: readonly LoadedTraining[],
  last: number,
  recallRange: readonly [number, number],
): Html {
  const recall = group.flatMap((training, i) => recallLines(training, colour(i)));
  const loss = group.map((training, i) => lineOf(training, colour(i), ({ training: means }) => means?.loss));
  const rate = group.map((training, i) =>
    lineOf(training, colour(i), (row) => (row.epoch > 0 ? row.learningRate : undefined)),
  );
  const epochs = (domain: readonly [number, number]): Axis => ({ title: 'Epoch', domain, whole: true });
  const recallDrawing = {
    lines: recall,
    x: epochs([0, last]),
    y: { ...SHARES, title: 'Recall@1', domain: recallRange, nice: true },
    alt: 'Recall@1 on held-out pictures against the epoch. The table below gives the numbers of the kept epoch.',
  };
  // one epoch alone gets room on both sides
  const x = epochs(last > 1 ? [1, last] : [0, 2]);
  const small = (title: string, lines: readonly Line[], domain: readonly [number, number], alt: string) =>
    chart({ lines, x, y: { title, domain, nice: true }, alt }, [330, 200]);
  return html`<figure>
${legend(group, recall)}
${recall.length > 0 ? wideAndNarrow(recallDrawing) : html`<p>No held-out pictures: nothing tells how well the encoder retrieves.</p>`}
${recall.length > 0 && html`<figcaption>${recallCaption(recall)}</figcaption>`}
<div class="pair"><div>${small('Loss', loss, rangeOf(loss), 'Mean training loss of each epoch.')}
<p class="note">Training loss, the mean of each epoch${group.length > 1 ? '. Of different losses or noise, only the shapes compare.' : '.'}</p></div>
<div>${small('Learning rate', rate, [0, rangeOf(rate)[1]], "Learning rate of each epoch's last step.")}
<p class="note">Learning rate at the end of each epoch.</p></div></div>
</figure>
`;
}

function recallLines(training: LoadedTraining, colour: string): Line[] {
  const marked = keptEpoch(training)?.epoch;
  const lines = [
    lineOf(training, colour, ({ clean }) => clean?.recallAt1),
    lineOf(training, colour, ({ noisy }) => noisy?.recallAt1, DASHED),
  ];
  return lines.filter(({ points }) => points.length > 0).map((line) => ({ ...line, marked }));
}

function lineOf(
  { history }: LoadedTraining,
  colour: string,
  value: (row: EpochRow) => number | undefined,
  dash?: readonly number[],
): Line {
  const points = history.flatMap((row) => {
    const found = value(row);
    return found === undefined ? [] : [{ x: row.epoch, y: found }];
  });
  return { points, colour, dash };
}

/** The least and the greatest value; around a single one, a tenth of it on both sides. */
function rangeOf(lines: readonly Line[]): readonly [number, number] {
  const values = lines.flatMap(({ points }) => points.map(({ y }) => y));
  if (values.length === 0) return [0, 1];
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  if (low < high) return [low, high];
  const around = Math.abs(low) / 10 || 0.1;
  return [low - around, high + around];
}

function legend(group: readonly LoadedTraining[], recall: readonly Line[]): Html {
  const names = group.map(
    (training, i) =>
      html`<li>${legendKey({ colour: colour(i) })}<span><bdi>${training.name}</bdi> <span class="muted">(${noiseText(training)})</span></span></li>`,
  );
  const stroke = 'var(--muted)';
  const noisy = recall.some(({ dash }) => dash === DASHED);
  const kinds = [
    noisy && html`<li>${legendKey({ colour: stroke })}clean pictures</li>`,
    noisy && html`<li>${legendKey({ colour: stroke, dash: DASHED })}under noise</li>`,
    recall.length > 0 &&
      html`<li><svg class="key" viewBox="0 0 28 8" aria-hidden="true"><circle cx="14" cy="4" r="4" fill="${stroke}"/></svg>kept epoch</li>`,
  ];
  return html`<ul class="legend" aria-label="Trainings">${names}</ul>
<ul class="legend" aria-label="Lines">${kinds}</ul>`;
}

function recallCaption(recall: readonly Line[]): Html {
  const noisy = recall.some(({ dash }) => dash === DASHED);
  return html`Recall@1 on held-out pictures after each epoch: the share of them whose nearest other picture is of their class. Epoch 0 is
the model before training.${noisy && ' Dashed: with noise of the training’s own σ on every picture, so trainings of different σ are put to different tests.'}`;
}
