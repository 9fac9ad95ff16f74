/** Sweeps over n, alpha and the dimension (Figures 3 and 4 of the paper), and over k: lines of shares with bands. */
import {
  type Axis,
  INK,
  type Line,
  type Panel,
  type PaperChart,
  type Point,
  SHARES,
} from '../../charts/index.ts';
import { type CertificateMethod, isOfVotes } from '../../certify/index.ts';
import type { Cell } from '../../evaluate/index.ts';
import type { Share } from '../../evaluate/wilson.ts';
import { certifiedRecall, rejectionRatio } from '../statistics.ts';
import type { StudyView } from '../view.ts';
import { LIMIT_DASH, methodLook, methodsLegend, modelDash, modelsLegend } from './looks.ts';
import { type Figure, figure } from './figure.ts';
import { bandText, radiusTitle, samplesText, SHARED, thousands } from './words.ts';

const point = (x: number, { share, low, high }: Share): Point => ({ x, y: share, low, high });
const shares: Axis = { title: 'Certified Recall@1', ...SHARES };

/** A logarithmic axis with these ticks, and a little room beside the outermost ones. */
function logAxis(title: string, ticks: readonly number[]): Axis {
  const [least, most] = [Math.min(...ticks), Math.max(...ticks)];
  const room = most > least ? (most / least) ** 0.04 : 1.5;
  return { title, log: true, domain: [least / room, most * room], ticks };
}

/** The methods, and the models where there are several. */
const legendOf = (view: StudyView, names: readonly string[]): PaperChart['legend'] => [
  ...methodsLegend(view.methods),
  ...(names.length > 1 ? modelsLegend(view.models, names) : []),
];

/** A panel for each radius, with a line for each method and model. */
const radiusPanels = (
  view: StudyView,
  models: readonly string[],
  pointsOf: (name: string, method: CertificateMethod, radius: number) => Point[],
): Panel[] =>
  view.radii().map((radius) => ({
    title: radiusTitle(radius),
    lines: view.methods.flatMap((method) =>
      models.map((name) => ({
        ...methodLook(method),
        dash: modelDash(view.models, name),
        points: pointsOf(name, method, radius),
      })),
    ),
  }));

/** Certified Recall@1 over the cells. */
const recallPanels = (view: StudyView, cells: readonly Cell[], xOf: (cell: Cell) => number): Panel[] =>
  radiusPanels(view, view.reference.models, (name, method, radius) =>
    cells.map((cell) => point(xOf(cell), certifiedRecall(view.run(name).rows, cell, method, radius))),
  );

const countAxis = ({ study }: StudyView, title = 'Samples n'): Axis => ({
  ...logAxis(title, study.sampling.counts),
  format: (samples) => samples.toLocaleString('en-US', { notation: 'compact' }),
});

/** Figure 3, left: how many rightly answered queries get no certificate, against n. */
export function rejectionFigure(view: StudyView): Figure {
  const { models, sigma } = view.reference;
  return figure({
    name: 'rejection',
    title: 'Rejection ratio against the number of samples',
    caption: `Share of the rightly answered queries that get no positive radius, at σ = ${sigma} and alpha = ${view.study.sampling.alpha}. ${SHARED} Bands: 95% Wilson intervals over the rightly answered queries.`,
    panels: models.map((name) => ({
      title: `${name}, σ = ${sigma}`,
      lines: view.methods.map(
        (method): Line => ({
          ...methodLook(method),
          points: view.counts.map((cell) =>
            point(cell.samples, rejectionRatio(view.run(name).rows, cell, method)),
          ),
        }),
      ),
    })),
    x: countAxis(view),
    y: { title: 'Rejection ratio', ...SHARES },
    legend: methodsLegend(view.methods),
  });
}

/** Figure 3, middle: certified Recall@1 against n. */
export function samplesFigure(view: StudyView): Figure {
  return figure({
    name: 'samples',
    title: 'Certified Recall@1 against the number of samples',
    caption: `At σ = ${view.reference.sigma} and alpha = ${view.study.sampling.alpha}, for ${view.radii().length} radii r. ${SHARED} ${bandText(view)}`,
    panels: recallPanels(view, view.counts, ({ samples }) => samples),
    x: countAxis(view),
    y: shares,
    legend: legendOf(view, view.reference.models),
  });
}

/** Figure 3, right: certified Recall@1 against alpha. */
export function alphaFigure(view: StudyView): Figure {
  const { alphas } = view.study.sampling;
  const cells = alphas.map((alpha) => ({ ...view.main, alpha }));
  return figure({
    name: 'alpha',
    title: 'Certified Recall@1 against alpha',
    caption: `At σ = ${view.reference.sigma} and n = ${thousands(view.main.samples)}. ${SHARED} ${bandText(view)}`,
    panels: recallPanels(view, cells, ({ alpha }) => alpha),
    x: logAxis('Failure probability alpha', alphas),
    y: shares,
    legend: legendOf(view, view.reference.models),
  });
}

/** Figure 4: certified Recall@1 against the dimension of the embedding. */
export function dimensionFigure(view: StudyView): Figure {
  const { values, models } = view.dimensions;
  const { sigma } = view.reference;
  return figure({
    name: 'dimension',
    title: 'Certified Recall@1 against the dimension',
    caption: `Models of each dimension are trained in the same way (${models.join(', ')}) and certified at σ = ${sigma}. ${samplesText(view, view.main)} ${bandText(view)}`,
    panels: radiusPanels(view, models, (name, method, radius) =>
      values.map((dimension) =>
        point(dimension, certifiedRecall(view.run(name, sigma, dimension).rows, view.main, method, radius)),
      ),
    ),
    x: logAxis('Dimension of the embedding', values),
    y: shares,
    legend: legendOf(view, models),
  });
}

/** Recall@k and certified Recall@k. */
export function recallFigure(view: StudyView): Figure {
  const { ks } = view.study;
  const cells = ks.map((k) => ({ ...view.main, k }));
  const methods = view.methods.filter((method) => !isOfVotes(method));
  const undefended = { colour: INK, dash: [6, 3] };
  const smoothed = { colour: INK, dash: LIMIT_DASH };
  const radii = view.radii();
  return figure({
    name: 'recall-at-k',
    title: 'Recall@k and certified Recall@k',
    caption: `Share of the queries with an item of their class among the k nearest, and of those for which this is certified beyond r, at σ = ${view.reference.sigma}. Votes and duels answer with one class and have no Recall@k. ${SHARED} ${bandText(view)}`,
    panels: view.reference.models.flatMap((name) => {
      const { rows } = view.run(name);
      // shares without bands: they are no certificates
      const counted = (rank: (row: (typeof rows)[number], cell: Cell) => number): Point[] =>
        cells.map((cell) => {
          const right = rows.filter((row) => rank(row, cell) > 0 && rank(row, cell) <= cell.k);
          return { x: cell.k, y: right.length / rows.length };
        });
      const smoothedRank = (row: (typeof rows)[number], { samples, k }: Cell): number =>
        row.sweep.cells.find((cell) => cell.samples === samples && cell.k === k)!.rank;
      return radii.slice(0, 2).map((radius) => ({
        title: `${name}, ${radiusTitle(radius)}`,
        lines: [
          { ...undefended, points: counted(({ sweep }) => sweep.baseRank) },
          { ...smoothed, points: counted(smoothedRank) },
          ...methods.map(
            (method): Line => ({
              ...methodLook(method),
              points: cells.map((cell) => point(cell.k, certifiedRecall(rows, cell, method, radius))),
            }),
          ),
        ],
      }));
    }),
    columns: Math.min(2, radii.length),
    x: logAxis('k', ks),
    y: { title: 'Recall@k', ...SHARES },
    legend: [
      { ...undefended, label: 'undefended, clean images' },
      { ...smoothed, label: 'smoothed, no certificate' },
      ...methods.map((method) => ({ label: `certified by ${method}`, ...methodLook(method) })),
    ],
  });
}

/** Samples that each method needs for a given certified Recall@1. */
export function neededFigure(view: StudyView): Figure {
  const { models, sigma } = view.reference;
  return figure({
    name: 'samples-needed',
    title: 'Samples needed for a given certified Recall@1',
    caption: `The least of the tried n (${view.study.sampling.counts.map(thousands).join(', ')}) with which at least this share of the queries is certified beyond r, at σ = ${sigma}; lower and further right is better, and a method without a line certifies none. ${SHARED}`,
    panels: radiusPanels(view, models, (name, method, radius) => {
      const points: Point[] = [];
      let best = 0;
      for (const cell of view.counts) {
        const { share } = certifiedRecall(view.run(name).rows, cell, method, radius);
        if (share > best) points.push({ x: (best = share), y: cell.samples });
      }
      return points;
    }),
    x: shares,
    y: countAxis(view, 'Samples needed'),
    legend: legendOf(view, models),
  });
}
