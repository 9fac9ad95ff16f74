/** Certified Recall@1 against the radius: for each σ (Figure 2 of the paper), and all methods side by side. */
import type { CertificateMethod } from '../../certify/index.ts';
import { INK, type Line, percentText, type Point } from '../../charts/index.ts';
import { survivalCurve, type Step } from '../../evaluate/curve.ts';
import type { Cell } from '../plan.ts';
import type { StudyRow } from '../rows.ts';
import { wilson } from '../../evaluate/wilson.ts';
import { recallCurve } from '../statistics.ts';
import type { StudyView } from '../view.ts';
import { LIMIT_DASH, methodLook, modelDash, sigmaColour } from './looks.ts';
import { type Figure, figure } from './types.ts';
import { bandText, samplesText, thousands } from './words.ts';

/** A curve's points with Wilson bands. @param queries of the run */
export function bandedCurve(steps: readonly Step[], queries: number): Point[] {
  return steps.map(({ radius, share }) => {
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
export function radiusFigure(view: StudyView): Figure {
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
  return figure({
    name: 'radius',
    title: 'Certified Recall@1 against the radius, for each σ',
    caption: `Share of all queries that are answered rightly and whose answer is certified beyond r, by method. ${samplesText(view, view.main)} ${bandText(view)}`,
    panels: curves.map((lines, i) => ({
      title: view.methods[i],
      lines: lines.map(
        ({ look, steps, queries }): Line => ({ ...look, steps: true, points: bandedCurve(steps, queries) }),
      ),
    })),
    columns: 2,
    width: 300,
    height: 190,
    x: { title: 'Certified radius r (ℓ2, pixels in [0,1])', domain: [0, width] },
    y: { title: 'Certified Recall@1', domain: [0, 1], format: percentText },
    legend: [
      ...sigmas.map((sigma, i) => ({ label: `σ = ${sigma}`, colour: sigmaColour(i, sigmas.length) })),
      ...view.models.map((name) => ({
        label: `${name}+RG`,
        colour: INK,
        dash: modelDash(view.models, name),
      })),
    ],
  });
}

/** One panel a model and σ: all methods, with the paper's at n → ∞ and cdf at about a thousand samples. */
export function methodsFigure(view: StudyView): Figure {
  const { thousand, main } = view;
  const few = thousand.samples < main.samples;
  const panels = view.models.flatMap((name) =>
    view.study.sigmas.map((sigma) => {
      const { rows } = view.run(name, sigma);
      const curve = (method: CertificateMethod, cell: Cell) => recallCurve(rows, cell, method);
      const curves = [
        ...view.methods.map((method) => ({ ...methodLook(method), steps: curve(method, main) })),
        ...(few && view.methods.includes('cdf')
          ? [{ ...methodLook('cdf'), dash: [6, 3], steps: curve('cdf', thousand), plain: true }]
          : []),
        { colour: INK, dash: LIMIT_DASH, steps: limitCurve(rows, 'paper'), plain: true },
      ];
      return { title: `${name}, σ = ${sigma}`, curves, queries: rows.length };
    }),
  );
  const width = widest(panels.flatMap(({ curves }) => curves.map(({ steps }) => steps)));
  return figure({
    name: 'methods',
    title: 'All methods side by side',
    caption: `Certified Recall@1 against the radius. ${samplesText(view, main)} All methods of a panel use the same samples; vote certifies another system, which answers by majority. Dotted: what the paper's method would certify with infinitely many samples if the estimated margin were the true one, which is no certificate. ${bandText(view)}`,
    panels: panels.map(({ title, curves, queries }) => ({
      title,
      lines: curves.map(
        ({ steps, ...look }): Line => ({
          ...look,
          steps: true,
          points: bandedCurve(steps, queries).map((point) =>
            'plain' in look ? { x: point.x, y: point.y } : point,
          ),
        }),
      ),
    })),
    columns: view.study.sigmas.length === 1 ? 2 : Math.min(view.study.sigmas.length, 4),
    width: view.study.sigmas.length > 2 ? 220 : 300,
    height: 190,
    x: { title: 'Certified radius r (ℓ2, pixels in [0,1])', domain: [0, width] },
    y: { title: 'Certified Recall@1', domain: [0, 1], format: percentText },
    legend: [
      ...view.methods.map((method) => ({ label: method, ...methodLook(method) })),
      ...(few && view.methods.includes('cdf')
        ? [
            {
              label: `cdf, n = ${thousands(thousand.samples)}`,
              ...methodLook('cdf'),
              dash: [6, 3],
            },
          ]
        : []),
      { label: 'paper, n → ∞ (no certificate)', colour: INK, dash: LIMIT_DASH },
    ],
  });
}
