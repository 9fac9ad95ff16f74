/** Sweeps over n, alpha and the dimension (Figures 3 and 4 of the paper), and over k: lines of shares with bands. */
import type { Cell } from '../plan.ts';
import { type Share, wilson } from '../../evaluate/wilson.ts';
import { certifiedRecall, rejectionRatio } from '../statistics.ts';
import type { StudyView } from '../view.ts';
import { LIMIT_DASH, METHOD_COLOUR, modelDash, REFERENCE_COLOUR } from './looks.ts';
import { type Axis, drawChart, type Line, type Look, type Panel, type Point } from './panels.ts';
import type { Figure } from './types.ts';
import { bandText, radiusTitle, samplesText, SHARED, thousands } from './words.ts';

const point = (x: number, { share, low, high }: Share): Point => ({ x, y: share, low, high });
const shares: Axis = { title: 'Certified Recall@1', domain: [0, 1], format: '.0%' };

/** A little room beside the outermost points of an axis. */
function around(values: readonly number[], log: boolean): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (log) {
    const room = most > least ? (most / least) ** 0.04 : 1.5;
    return [least / room, most * room];
  }
  const room = most > least ? (most - least) * 0.04 : 1;
  return [least - room, most + room];
}

const methodsLegend = (view: StudyView, names: readonly string[]): (Look & { label: string })[] => [
  ...view.methods.map((method) => ({ label: method, colour: METHOD_COLOUR[method] })),
  ...(names.length > 1
    ? names.map((name) => ({
        label: `${name}+RG`,
        colour: REFERENCE_COLOUR,
        dash: modelDash(view.models, name),
      }))
    : []),
];

/** A panel for each radius: certified Recall@1 by method and model, over the cells. */
function recallPanels(view: StudyView, cells: readonly Cell[], xOf: (cell: Cell) => number): Panel[] {
  const { models } = view.reference;
  return view.radii().map((radius) => ({
    title: radiusTitle(radius),
    lines: view.methods.flatMap((method) =>
      models.map((name): Line => {
        const { rows } = view.run(name);
        return {
          colour: METHOD_COLOUR[method],
          dash: modelDash(view.models, name),
          points: cells.map((cell) => point(xOf(cell), certifiedRecall(rows, cell, method, radius))),
        };
      }),
    ),
  }));
}

const countAxis = (view: StudyView): Axis => {
  const { counts } = view.study.sampling;
  return { title: 'Samples n', log: true, domain: around(counts, true), values: counts, format: '~s' };
};

/** Figure 3, left: how many rightly answered queries get no certificate, against n. */
export async function rejectionFigure(view: StudyView): Promise<Figure> {
  const { models, sigma } = view.reference;
  const svg = await drawChart({
    panels: models.map((name) => ({
      title: `${name}, σ = ${sigma}`,
      lines: view.methods.map(
        (method): Line => ({
          colour: METHOD_COLOUR[method],
          points: view.counts
            .map((cell) => point(cell.samples, rejectionRatio(view.run(name).rows, cell, method)))
            .filter(({ y }) => !Number.isNaN(y)),
        }),
      ),
    })),
    columns: 2,
    width: 290,
    height: 190,
    x: countAxis(view),
    y: { title: 'Rejection ratio', domain: [0, 1], format: '.0%' },
    legend: methodsLegend(view, []),
  });
  return {
    name: 'rejection',
    title: 'Rejection ratio against the number of samples',
    caption: `Share of the rightly answered queries that get no positive radius, at σ = ${sigma} and alpha = ${view.study.sampling.alpha}. ${SHARED} Bands: 95% Wilson intervals over the rightly answered queries.`,
    svg,
  };
}

/** Figure 3, middle: certified Recall@1 against n. */
export async function samplesFigure(view: StudyView): Promise<Figure> {
  const svg = await drawChart({
    panels: recallPanels(view, view.counts, ({ samples }) => samples),
    columns: 2,
    width: 290,
    height: 180,
    x: countAxis(view),
    y: shares,
    legend: methodsLegend(view, view.reference.models),
  });
  return {
    name: 'samples',
    title: 'Certified Recall@1 against the number of samples',
    caption: `At σ = ${view.reference.sigma} and alpha = ${view.study.sampling.alpha}, for ${view.radii().length} radii r. ${SHARED} ${bandText(view)}`,
    svg,
  };
}

/** Figure 3, right: certified Recall@1 against alpha. */
export async function alphaFigure(view: StudyView): Promise<Figure> {
  const { alphas } = view.study.sampling;
  const cells = alphas.map((alpha) => ({ ...view.main, alpha }));
  const svg = await drawChart({
    panels: recallPanels(view, cells, ({ alpha }) => alpha),
    columns: 2,
    width: 290,
    height: 180,
    x: {
      title: 'Failure probability alpha',
      log: true,
      domain: around(alphas, true),
      values: alphas,
      format: '~g',
    },
    y: shares,
    legend: methodsLegend(view, view.reference.models),
  });
  return {
    name: 'alpha',
    title: 'Certified Recall@1 against alpha',
    caption: `At σ = ${view.reference.sigma} and n = ${thousands(view.main.samples)}. ${SHARED} ${bandText(view)}`,
    svg,
  };
}

/** Figure 4: certified Recall@1 against the dimension of the embedding. */
export async function dimensionFigure(view: StudyView): Promise<Figure> {
  const { values, models } = view.dimensions;
  const { sigma } = view.reference;
  const svg = await drawChart({
    panels: view.radii().map((radius) => ({
      title: radiusTitle(radius),
      lines: view.methods.flatMap((method) =>
        models.map(
          (name): Line => ({
            colour: METHOD_COLOUR[method],
            dash: modelDash(view.models, name),
            points: values.map((dimension) =>
              point(
                dimension,
                certifiedRecall(view.run(name, sigma, dimension).rows, view.main, method, radius),
              ),
            ),
          }),
        ),
      ),
    })),
    columns: 2,
    width: 290,
    height: 180,
    x: { title: 'Dimension of the embedding', log: true, domain: around(values, true), values, format: 'd' },
    y: shares,
    legend: methodsLegend(view, models),
  });
  return {
    name: 'dimension',
    title: 'Certified Recall@1 against the dimension',
    caption: `Models of each dimension are trained in the same way (${models.join(', ')}) and certified at σ = ${sigma}. ${samplesText(view, view.main)} ${bandText(view)}`,
    svg,
  };
}

/** Recall@k and certified Recall@k. */
export async function recallFigure(view: StudyView): Promise<Figure> {
  const { ks } = view.study;
  const cells = ks.map((k) => ({ ...view.main, k }));
  const methods = view.methods.filter((method) => method !== 'vote');
  const undefended = { colour: REFERENCE_COLOUR, dash: [6, 3] };
  const smoothed = { colour: REFERENCE_COLOUR, dash: LIMIT_DASH };
  const radii = view.radii();
  const svg = await drawChart({
    panels: view.reference.models.flatMap((name) => {
      const { rows } = view.run(name);
      const counted = (rank: (row: (typeof rows)[number], cell: Cell) => number): Point[] =>
        cells.map((cell) => {
          const right = rows.filter((row) => rank(row, cell) > 0 && rank(row, cell) <= cell.k);
          return point(cell.k, wilson(right.length, rows.length));
        });
      const plain = (points: Point[]): Point[] => points.map(({ x, y }) => ({ x, y }));
      return radii.slice(0, 2).map((radius) => ({
        title: `${name}, ${radiusTitle(radius)}`,
        lines: [
          { ...undefended, points: plain(counted(({ baseRank }) => baseRank)) },
          {
            ...smoothed,
            points: plain(
              counted(
                (row, cell) =>
                  row.cells.find(({ samples, k }) => samples === cell.samples && k === cell.k)!.rank,
              ),
            ),
          },
          ...methods.map(
            (method): Line => ({
              colour: METHOD_COLOUR[method],
              points: cells.map((cell) => point(cell.k, certifiedRecall(rows, cell, method, radius))),
            }),
          ),
        ],
      }));
    }),
    columns: Math.min(2, radii.length),
    width: 290,
    height: 180,
    x: { title: 'k', log: true, domain: around(ks, true), values: ks, format: 'd' },
    y: { title: 'Recall@k', domain: [0, 1], format: '.0%' },
    legend: [
      { ...undefended, label: 'undefended, clean images' },
      { ...smoothed, label: 'smoothed, no certificate' },
      ...methods.map((method) => ({ label: `certified by ${method}`, colour: METHOD_COLOUR[method] })),
    ],
  });
  return {
    name: 'recall-at-k',
    title: 'Recall@k and certified Recall@k',
    caption: `Share of the queries with an item of their class among the k nearest, and of those for which this is certified beyond r, at σ = ${view.reference.sigma}. The vote answers with one class and has no Recall@k. ${SHARED} ${bandText(view)}`,
    svg,
  };
}

/** Samples that each method needs for a given certified Recall@1. */
export async function neededFigure(view: StudyView): Promise<Figure> {
  const { models, sigma } = view.reference;
  const svg = await drawChart({
    panels: view.radii().map((radius) => ({
      title: radiusTitle(radius),
      lines: view.methods.flatMap((method) =>
        models.map((name): Line => {
          const points: Point[] = [];
          let best = 0;
          for (const cell of view.counts) {
            const { share } = certifiedRecall(view.run(name).rows, cell, method, radius);
            if (share > best) points.push({ x: (best = share), y: cell.samples });
          }
          return { colour: METHOD_COLOUR[method], dash: modelDash(view.models, name), points };
        }),
      ),
    })),
    columns: 2,
    width: 290,
    height: 180,
    x: { title: 'Certified Recall@1', domain: [0, 1], format: '.0%' },
    y: { ...countAxis(view), title: 'Samples needed' },
    legend: methodsLegend(view, models),
  });
  return {
    name: 'samples-needed',
    title: 'Samples needed for a given certified Recall@1',
    caption: `The least of the tried n (${view.study.sampling.counts.map(thousands).join(', ')}) with which at least this share of the queries is certified beyond r, at σ = ${sigma}; lower and further right is better, and a method without a line certifies none. ${SHARED}`,
    svg,
  };
}
