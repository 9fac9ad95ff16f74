/** Certified Recall@1 against the radius: for each σ (Figure 2 of the paper), and all methods side by side. */
import { type Axis, INK, type Line, type Look, type Panel, type Point, SHARES } from '../../charts/index.ts';
import { survivalCurve, type Step } from '../../evaluate/curve.ts';
import type { StudyRow } from '../run.ts';
import { wilson } from '../../evaluate/wilson.ts';
import { recallCurve } from '../statistics.ts';
import type { StudyView } from '../view.ts';
import { LIMIT_DASH, methodLook, methodsLegend, modelDash, modelsLegend, sigmaColour } from './looks.ts';
import { type Figure, figure } from './figure.ts';
import { bandText, samplesText, thousands } from './words.ts';

/** A curve's points with Wilson bands. @param queries of the run */
export function bandedCurve(steps: readonly Step[], queries: number): Point[] {
  return steps.map(({ radius, share }) => {
    const { low, high } = wilson(Math.round(share * queries), queries);
    return { x: radius, y: share, low, high };
  });
}

/** The curve of a method at n → ∞. No certificate. */
export const limitCurve = (rows: readonly StudyRow[], method: 'paper' | 'cdf' | 'vote' | 'duel'): Step[] =>
  survivalCurve(
    rows.map(({ sweep }) => sweep.limits[method]),
    rows.length,
  );

/** The radius axis of all panels. */
function radiusAxis(panels: readonly Panel[]): Axis {
  const most = Math.max(
    0,
    ...panels.flatMap(({ lines }) => lines.map(({ points }) => points.at(-1)?.x ?? 0)),
  );
  return { title: 'Certified radius r (ℓ2, pixels in [0,1])', domain: [0, most > 0 ? 1.03 * most : 1] };
}

/** One panel a method, colours for σ, dashes for models. */
export function radiusFigure(view: StudyView): Figure {
  const { sigmas } = view.study;
  const panels = view.methods.map((method) => ({
    title: method,
    lines: sigmas.flatMap((sigma, i) =>
      view.models.map((name): Line => {
        const { rows } = view.run(name, sigma);
        return {
          colour: sigmaColour(i, sigmas.length),
          dash: modelDash(view.models, name),
          steps: true,
          points: bandedCurve(recallCurve(rows, view.main, method), rows.length),
        };
      }),
    ),
  }));
  return figure({
    name: 'radius',
    title: 'Certified Recall@1 against the radius, for each σ',
    caption: `Share of all queries that are answered rightly and whose answer is certified beyond r, by method. ${samplesText(view, view.main)} ${bandText(view)}`,
    panels,
    x: radiusAxis(panels),
    y: { title: 'Certified Recall@1', ...SHARES },
    legend: [
      ...sigmas.map((sigma, i) => ({ label: `σ = ${sigma}`, colour: sigmaColour(i, sigmas.length) })),
      ...modelsLegend(view.models),
    ],
  });
}

/** One panel a model and σ: all methods, with the paper's at n → ∞ and cdf at about a thousand samples. */
export function methodsFigure(view: StudyView): Figure {
  const { thousand, main } = view;
  const { sigmas } = view.study;
  const few = thousand.samples < main.samples && view.methods.includes('cdf');
  const fewLook = { ...methodLook('cdf'), dash: [6, 3] };
  const limit = { colour: INK, dash: LIMIT_DASH };
  const panels = view.models.flatMap((name) =>
    sigmas.map((sigma) => {
      const { rows } = view.run(name, sigma);
      const line = (look: Look, steps: readonly Step[], banded = false): Line => ({
        ...look,
        steps: true,
        points: bandedCurve(steps, rows.length).map(({ x, y, ...band }) => ({ x, y, ...(banded && band) })),
      });
      const lines = [
        ...view.methods.map((method) => line(methodLook(method), recallCurve(rows, main, method), true)),
        ...(few ? [line(fewLook, recallCurve(rows, thousand, 'cdf'))] : []),
        line(limit, limitCurve(rows, 'paper')),
      ];
      return { title: `${name}, σ = ${sigma}`, lines };
    }),
  );
  return figure({
    name: 'methods',
    title: 'All methods side by side',
    caption: `Certified Recall@1 against the radius. ${samplesText(view, main)} All methods of a panel use the same samples; vote certifies another system, which answers by majority. Dotted: what the paper's method would certify with infinitely many samples if the estimated margin were the true one, which is no certificate. ${bandText(view)}`,
    panels,
    columns: sigmas.length === 1 ? 2 : Math.min(sigmas.length, 4),
    width: sigmas.length > 2 ? 220 : 290,
    x: radiusAxis(panels),
    y: { title: 'Certified Recall@1', ...SHARES },
    legend: [
      ...methodsLegend(view.methods),
      ...(few ? [{ label: `cdf, n = ${thousands(thousand.samples)}`, ...fewLook }] : []),
      { label: 'paper, n → ∞ (no certificate)', ...limit },
    ],
  });
}
