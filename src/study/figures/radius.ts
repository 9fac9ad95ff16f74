/** Certified Recall@1 against the radius: for each σ (Figure 2 of the paper), and all methods side by side. */
import type { CertificateMethod } from '../../certify/index.ts';
import { survivalCurve, thinCurve, type Step } from '../../evaluate/curve.ts';
import type { Cell } from '../plan.ts';
import type { StudyRow } from '../rows.ts';
import { wilson } from '../../evaluate/wilson.ts';
import { recallCurve } from '../statistics.ts';
import type { StudyView } from '../view.ts';
import { LIMIT_DASH, METHOD_COLOUR, modelDash, REFERENCE_COLOUR, sigmaColour } from './looks.ts';
import { drawChart, type Line, type Point } from './panels.ts';
import type { Figure } from './types.ts';
import { bandText, samplesText } from './words.ts';

const BINS = 600;

/** A curve's points with Wilson bands. @param queries of the run */
export function bandedCurve(steps: readonly Step[], queries: number, width: number): Point[] {
  return thinCurve(steps, width, BINS).map(({ radius, share }) => {
    const { low, high } = wilson(Math.round(share * queries), queries);
    return { x: radius, y: share, low, high };
  });
}

/** The curve of a method at n → ∞. No certificate. */
export const limitCurve = (rows: readonly StudyRow[], method: 'paper' | 'cdf' | 'vote'): Step[] =>
  survivalCurve(
    rows.map(({ limits }) => limits[method]),
    rows.length,
  );

/** Right end of the radius axis. */
function widest(curves: readonly (readonly Step[])[]): number {
  const most = Math.max(0, ...curves.map((steps) => steps.at(-1)?.radius ?? 0));
  return most > 0 ? 1.03 * most : 1;
}

/** One panel a method, colours for σ, dashes for models. */
export async function radiusFigure(view: StudyView): Promise<Figure> {
  const { sigmas } = view.study;
  const curves = view.methods.map((method) =>
    sigmas.flatMap((sigma, i) =>
      view.models.map((name) => {
        const { rows } = view.run(name, sigma);
        const look = { colour: sigmaColour(i, sigmas.length), dash: modelDash(view.models, name) };
        return { method, look, steps: recallCurve(rows, view.main, method), queries: rows.length };
      }),
    ),
  );
  const width = widest(curves.flat().map(({ steps }) => steps));
  const svg = await drawChart({
    panels: curves.map((lines, i) => ({
      title: view.methods[i],
      lines: lines.map(
        ({ look, steps, queries }): Line => ({
          ...look,
          steps: true,
          points: bandedCurve(steps, queries, width),
        }),
      ),
    })),
    columns: 2,
    width: 300,
    height: 190,
    x: { title: 'Certified radius r (ℓ2, pixels in [0,1])', domain: [0, width] },
    y: { title: 'Certified Recall@1', domain: [0, 1], format: '.0%' },
    legend: [
      ...sigmas.map((sigma, i) => ({ label: `σ = ${sigma}`, colour: sigmaColour(i, sigmas.length) })),
      ...view.models.map((name) => ({
        label: `${name}+RG`,
        colour: REFERENCE_COLOUR,
        dash: modelDash(view.models, name),
      })),
    ],
  });
  return {
    name: 'radius',
    title: 'Certified Recall@1 against the radius, for each σ',
    caption: `Share of all queries that are answered rightly and whose answer is certified beyond r, by method. ${samplesText(view, view.main)} ${bandText(view)}`,
    svg,
  };
}

/** One panel a model and σ: all methods, with the paper's at n → ∞ and cdf at about a thousand samples. */
export async function methodsFigure(view: StudyView): Promise<Figure> {
  const { thousand, main } = view;
  const few = thousand.samples < main.samples;
  const panels = view.models.flatMap((name) =>
    view.study.sigmas.map((sigma) => {
      const { rows } = view.run(name, sigma);
      const curve = (method: CertificateMethod, cell: Cell) => recallCurve(rows, cell, method);
      const curves = [
        ...view.methods.map((method) => ({ colour: METHOD_COLOUR[method], steps: curve(method, main) })),
        ...(few && view.methods.includes('cdf')
          ? [{ colour: METHOD_COLOUR.cdf, dash: [6, 3], steps: curve('cdf', thousand), plain: true }]
          : []),
        { colour: REFERENCE_COLOUR, dash: LIMIT_DASH, steps: limitCurve(rows, 'paper'), plain: true },
      ];
      return { title: `${name}, σ = ${sigma}`, curves, queries: rows.length };
    }),
  );
  const width = widest(panels.flatMap(({ curves }) => curves.map(({ steps }) => steps)));
  const svg = await drawChart({
    panels: panels.map(({ title, curves, queries }) => ({
      title,
      lines: curves.map(
        ({ steps, ...look }): Line => ({
          ...look,
          steps: true,
          points: bandedCurve(steps, queries, width).map((point) =>
            'plain' in look ? { x: point.x, y: point.y } : point,
          ),
        }),
      ),
    })),
    columns: view.study.sigmas.length === 1 ? 2 : Math.min(view.study.sigmas.length, 4),
    width: view.study.sigmas.length > 2 ? 220 : 300,
    height: 190,
    x: { title: 'Certified radius r (ℓ2, pixels in [0,1])', domain: [0, width] },
    y: { title: 'Certified Recall@1', domain: [0, 1], format: '.0%' },
    legend: [
      ...view.methods.map((method) => ({ label: method, colour: METHOD_COLOUR[method] })),
      ...(few && view.methods.includes('cdf')
        ? [
            {
              label: `cdf, n = ${thousand.samples.toLocaleString('en-US')}`,
              colour: METHOD_COLOUR.cdf,
              dash: [6, 3],
            },
          ]
        : []),
      { label: 'paper, n → ∞ (no certificate)', colour: REFERENCE_COLOUR, dash: LIMIT_DASH },
    ],
  });
  return {
    name: 'methods',
    title: 'All methods side by side',
    caption: `Certified Recall@1 against the radius. ${samplesText(view, main)} All methods of a panel use the same samples; vote certifies another system, which answers by majority. Dotted: what the paper's method would certify with infinitely many samples if the estimated margin were the true one, which is no certificate. ${bandText(view)}`,
    svg,
  };
}
