/** The tables of a study: every number of the figures, from rows alone. */
import { isOfVotes } from '../certify/index.ts';
import { mean } from '../evaluate/method-statistics.ts';
import { wilson } from '../evaluate/wilson.ts';
import { csvText } from '../report/csv.ts';
import { shareAbove } from '../evaluate/curve.ts';
import { lipschitzValues } from './figures/lipschitz.ts';
import { limitCurve } from './figures/radius.ts';
import type { Cell } from '../evaluate/index.ts';
import {
  certifiedRecall,
  costOf,
  isRight,
  meanRadius,
  recallCurve,
  rejectionRatio,
  samplesNeeded,
} from './statistics.ts';
import type { FinishedRun } from './study.ts';
import { type StudyView, tidy } from './view.ts';

/** A cell of a table; null is a dash. */
export type Value = string | number | null;

/** How the numbers of a column are shown to a person; CSV files have them in full. */
export type Format = 'text' | 'share' | 'radius' | 'count' | 'number' | 'seconds';

/** A table. */
export interface Table {
  /** Of its files. */
  name: string;
  title: string;
  columns: { name: string; format: Format }[];
  rows: Value[][];
}

const text = (name: string) => ({ name, format: 'text' as const });
const number = (name: string) => ({ name, format: 'number' as const });
const count = (name: string) => ({ name, format: 'count' as const });
const radiusColumn = (name: string) => ({ name, format: 'radius' as const });
const share = (name: string) => ({ name, format: 'share' as const });
const banded = (name: string) => [share(name), share(`${name} low`), share(`${name} high`)];

/** All tables that the study's experiments ask for. */
export function makeTables(view: StudyView): Table[] {
  return [
    ...(view.result.runs.length > 0 ? [summaryTable(view)] : []),
    ...(view.wants('methods') ? [comparisonTable(view)] : []),
    ...(view.wants('lipschitz') ? [lipschitzTable()] : []),
    ...(view.wants('radius') ? [radiusTable(view)] : []),
    ...(view.wants('samples') ? [sweepTable(view, 'samples', view.counts)] : []),
    ...(view.wants('alpha')
      ? [
          sweepTable(
            view,
            'alpha',
            view.study.sampling.alphas.map((alpha) => ({ ...view.main, alpha })),
          ),
        ]
      : []),
    ...(view.wants('dimension') && view.dimensions.models.length > 0 ? [dimensionTable(view)] : []),
    ...(view.wants('needed') ? [neededTable(view)] : []),
    ...(view.wants('cost') ? [costTable(view)] : []),
    ...(view.wants('recall') ? [recallTable(view)] : []),
  ];
}

/** Every run and method at the study's n and alpha. */
function summaryTable(view: StudyView): Table {
  const { radii } = view.study;
  return {
    name: 'summary',
    title: `Every run, with n = ${view.main.samples} and alpha = ${view.main.alpha}; radii as multiples of σ`,
    columns: [
      text('model'),
      number('sigma'),
      count('dimension'),
      text('method'),
      count('queries'),
      share('Recall@1 undefended'),
      share('Recall@1'),
      share('rejection ratio'),
      radiusColumn('mean radius'),
      ...radii.map((radius) => share(`CR@1(${radius}σ)`)),
    ],
    rows: view.result.runs.flatMap((run) =>
      view.methods.map((method): Value[] => {
        const { rows, sigma } = run;
        const right = rows.filter((row) => isRight(row, view.main, method)).length;
        return [
          run.model.name,
          sigma,
          run.dimension,
          method,
          rows.length,
          rows.filter(({ sweep }) => sweep.baseRank === 1).length / rows.length,
          right / rows.length,
          rejectionRatio(rows, view.main, method).share,
          meanRadius(rows, view.main, method),
          ...radii.map((radius) => certifiedRecall(rows, view.main, method, tidy(radius * sigma)).share),
        ];
      }),
    ),
  };
}

/** Sixteenths of σ up to where the last curve ends: fine enough that no crossing hides between them. */
const COMPARED = 16;

/** cdf at about a thousand samples against the paper's method at n → ∞, at every radius where either is positive. */
function comparisonTable(view: StudyView): Table {
  const { thousand, main } = view;
  const n = thousand.samples;
  const rows = view.study.sigmas.flatMap((sigma) =>
    view.models.flatMap((name): Value[][] => {
      const run = view.run(name, sigma);
      const curves = {
        cdf: recallCurve(run.rows, thousand, 'cdf'),
        paper: recallCurve(run.rows, main, 'paper'),
        paperLimit: limitCurve(run.rows, 'paper'),
        cdfLimit: limitCurve(run.rows, 'cdf'),
        duel: recallCurve(run.rows, thousand, 'duel'),
      };
      const lines: Value[][] = [];
      for (let i = 0; ; i++) {
        const radius = tidy((i * sigma) / COMPARED);
        const at = (steps: typeof curves.cdf): number => shareAbove(steps, radius);
        const [cdf, limit] = [at(curves.cdf), at(curves.paperLimit)];
        if (cdf === 0 && limit === 0) break;
        const lead = cdf > limit ? 'cdf' : cdf < limit ? 'paper' : 'equal';
        lines.push([
          name,
          sigma,
          radius,
          cdf,
          limit,
          lead,
          at(curves.paper),
          at(curves.duel),
          at(curves.cdfLimit),
        ]);
      }
      return lines;
    }),
  );
  return {
    name: 'comparison',
    title: `Certified Recall@1 of cdf with n = ${n} against paper with n → ∞, at every radius where either is positive`,
    columns: [
      text('model'),
      number('sigma'),
      radiusColumn('radius'),
      share(`cdf, n = ${n}`),
      share('paper, n → ∞ (no certificate)'),
      text('ahead'),
      share(`paper, n = ${main.samples}`),
      share(`duel, n = ${n}`),
      share('cdf, n → ∞ (no certificate)'),
    ],
    rows,
  };
}

/**
 * Over all radii where either is positive, and not only those of the table: whether cdf at about a thousand samples is above the paper's
 * method at n → ∞, and if not, up to which radius it is not.
 */
export function leadOf(
  view: StudyView,
  run: FinishedRun,
): { notAheadUntil: number; behindUntil: number; last: number } {
  const cdf = recallCurve(run.rows, view.thousand, 'cdf');
  const limit = limitCurve(run.rows, 'paper');
  const radii = [...new Set([...cdf, ...limit].map(({ radius }) => radius))].sort((a, b) => a - b);
  let notAheadUntil = 0;
  let behindUntil = 0;
  let last = 0;
  for (const [i, radius] of radii.entries()) {
    const [ours, theirs] = [shareAbove(cdf, radius), shareAbove(limit, radius)];
    if (ours === 0 && theirs === 0) break;
    const next = radii[i + 1] ?? radius;
    last = next;
    if (ours <= theirs) notAheadUntil = next;
    if (ours < theirs) behindUntil = next;
  }
  return { notAheadUntil, behindUntil, last };
}

function lipschitzTable(): Table {
  return {
    name: 'lipschitz',
    title: 'The Lipschitz bound and its linear relaxation, r in σ',
    columns: [radiusColumn('r / σ'), radiusColumn('bound'), radiusColumn('linear')],
    rows: lipschitzValues()
      .filter((_, i) => i % 10 === 0)
      .map(({ radius, bound, linear }) => [tidy(radius), bound, linear]),
  };
}

/** Quarters of σ, as far as any method reaches. */
function radiusTable(view: StudyView): Table {
  const rows = view.study.sigmas.flatMap((sigma) =>
    view.models.flatMap((name) => {
      const run = view.run(name, sigma);
      return view.methods.flatMap((method) => {
        const found: Value[][] = [];
        for (let i = 0; ; i++) {
          const radius = tidy((i * sigma) / 4);
          const { share: value, low, high } = certifiedRecall(run.rows, view.main, method, radius);
          if (value === 0 && i > 0) break;
          found.push([name, sigma, method, radius, value, low, high]);
        }
        return found;
      });
    }),
  );
  return {
    name: 'radius',
    title: `Certified Recall@1 against the radius, n = ${view.main.samples}`,
    columns: [text('model'), number('sigma'), text('method'), radiusColumn('radius'), ...banded('CR@1')],
    rows,
  };
}

/** Rejection ratio and certified Recall@1 over n or alpha. */
function sweepTable(view: StudyView, name: 'samples' | 'alpha', cells: readonly Cell[]): Table {
  const radii = view.radii();
  return {
    name,
    title: `Rejection ratio and certified Recall@1 against ${name === 'samples' ? 'n' : 'alpha'}, σ = ${view.reference.sigma}`,
    columns: [
      text('model'),
      text('method'),
      count('samples'),
      number('alpha'),
      share('rejection ratio'),
      radiusColumn('mean radius'),
      ...radii.map((radius) => share(`CR@1(${radius})`)),
    ],
    rows: view.reference.models.flatMap((model) =>
      view.methods.flatMap((method) =>
        cells.map((cell): Value[] => {
          const { rows } = view.run(model);
          return [
            model,
            method,
            cell.samples,
            cell.alpha,
            rejectionRatio(rows, cell, method).share,
            meanRadius(rows, cell, method),
            ...radii.map((radius) => certifiedRecall(rows, cell, method, radius).share),
          ];
        }),
      ),
    ),
  };
}

function dimensionTable(view: StudyView): Table {
  const { values, models } = view.dimensions;
  const radii = view.radii();
  const { sigma } = view.reference;
  return {
    name: 'dimension',
    title: `Against the dimension of the embedding, σ = ${sigma}, n = ${view.main.samples}`,
    columns: [
      text('model'),
      count('dimension'),
      text('method'),
      share('Recall@1'),
      share('rejection ratio'),
      radiusColumn('mean radius'),
      ...radii.map((radius) => share(`CR@1(${radius})`)),
    ],
    rows: models.flatMap((model) =>
      values.flatMap((dimension) =>
        view.methods.map((method): Value[] => {
          const { rows } = view.run(model, sigma, dimension);
          return [
            model,
            dimension,
            method,
            rows.filter((row) => isRight(row, view.main, method)).length / rows.length,
            rejectionRatio(rows, view.main, method).share,
            meanRadius(rows, view.main, method),
            ...radii.map((radius) => certifiedRecall(rows, view.main, method, radius).share),
          ];
        }),
      ),
    ),
  };
}

const LEVELS = [0.1, 0.25, 0.5, 0.75, 0.9];

function neededTable(view: StudyView): Table {
  return {
    name: 'samples-needed',
    title: `The least of the tried n that certifies so many queries beyond the radius, σ = ${view.reference.sigma}`,
    columns: [text('model'), radiusColumn('radius'), share('CR@1 of at least'), ...view.methods.map(count)],
    rows: view.reference.models.flatMap((model) =>
      view
        .radii()
        .flatMap((radius) =>
          LEVELS.map((level): Value[] => [
            model,
            radius,
            level,
            ...view.methods.map((method) =>
              samplesNeeded(view.run(model).rows, view.counts, method, radius, level),
            ),
          ]),
        ),
    ),
  };
}

function costTable(view: StudyView): Table {
  const { selection } = view.study.sampling;
  const seconds = (name: string) => ({ name, format: 'seconds' as const });
  return {
    name: 'cost',
    title: `Cost of asking for a radius with early stopping, σ = ${view.reference.sigma}, at most n = ${view.main.samples}`,
    columns: [
      text('model'),
      text('method'),
      radiusColumn('radius'),
      share('reached'),
      count('samples'),
      seconds('seconds'),
      seconds('seconds low'),
      seconds('seconds high'),
    ],
    rows: view.reference.models.flatMap((model) =>
      view.methods.flatMap((method) =>
        view.targets().map((radius): Value[] => {
          const cost = costOf(view.run(model).rows, method, radius, selection);
          const { mean: centre, low, high } = cost.seconds;
          return [model, method, radius, cost.reached.share, cost.samples.mean, centre, low, high];
        }),
      ),
    ),
  };
}

function recallTable(view: StudyView): Table {
  const methods = view.methods.filter((method) => !isOfVotes(method));
  const radii = view.radii();
  return {
    name: 'recall-at-k',
    title: `Recall@k and certified Recall@k, σ = ${view.reference.sigma}, n = ${view.main.samples}`,
    columns: [
      text('model'),
      count('k'),
      share('undefended'),
      share('smoothed'),
      ...methods.flatMap((method) => radii.map((radius) => share(`${method}, beyond ${radius}`))),
    ],
    rows: view.reference.models.flatMap((model) =>
      view.study.ks.map((k): Value[] => {
        const { rows } = view.run(model);
        const cell = { ...view.main, k };
        const within = (rank: number): boolean => rank > 0 && rank <= k;
        return [
          model,
          k,
          mean(rows.map(({ sweep }) => (within(sweep.baseRank) ? 1 : 0))),
          wilson(rows.filter((row) => isRight(row, cell, 'cdf')).length, rows.length).share,
          ...methods.flatMap((method) =>
            radii.map((radius) => certifiedRecall(rows, cell, method, radius).share),
          ),
        ];
      }),
    ),
  };
}

/** A value as a person reads it. */
export function shown(value: Value, format: Format): string {
  if (value === null || Number.isNaN(value)) return '–';
  if (typeof value === 'string') return value;
  switch (format) {
    case 'share':
      return value.toFixed(3);
    case 'radius':
      return String(Number(value.toFixed(4)));
    case 'seconds':
      return value.toPrecision(3);
    case 'count':
      return Math.round(value).toLocaleString('en-US');
    default:
      return String(value);
  }
}

/** The table as CSV (RFC 4180), numbers in full, a missing one empty. */
export function toCsv({ columns, rows }: Table): string {
  return csvText([columns.map(({ name }) => name), ...rows], '\n');
}

/** The table as Markdown, under its title. */
export function toMarkdown({ title, columns, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [
    `${title}\n\n`,
    line(columns.map(({ name }) => name)),
    line(columns.map(({ format }) => (format === 'text' ? '---' : '---:'))),
    ...rows.map((row) => line(row.map((value, i) => shown(value, columns[i].format)))),
  ].join('');
}
