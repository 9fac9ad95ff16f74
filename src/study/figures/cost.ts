/** Cost against the radius asked for, with early stopping. */
import type { Line } from '../../charts/index.ts';
import { costOf } from '../statistics.ts';
import type { StudyView } from '../view.ts';
import { methodLook, methodsLegend } from './looks.ts';
import { type Figure, figure } from './figure.ts';
import { thousands } from './words.ts';

/** Seconds a query against the radius asked for. */
export function costFigure(view: StudyView): Figure {
  const { models, sigma } = view.reference;
  const { selection, alpha } = view.study.sampling;
  const targets = view.targets();
  const costs = models.map((name) =>
    view.methods.map((method) =>
      targets.map((radius) => costOf(view.run(name).rows, method, radius, selection)),
    ),
  );
  const most = Math.max(...costs.flat(2).map(({ seconds }) => seconds.high));
  const room = 0.04 * (targets[targets.length - 1] - targets[0]);
  return figure({
    name: 'cost',
    title: 'Cost against the radius asked for, with early stopping',
    caption: `A query is sampled until a look at 128, 256, 512, … samples certifies the radius, at most ${thousands(view.main.samples)} times; certificates hold at all looks together, at alpha = ${alpha}. Seconds are samples, those of the selection included, at the measured speed of the run (${thousands(Math.round((view.main.samples + selection) / Math.max(1e-9, speed(view))))} samples a second); computed from the counters of the looks, without sampling again. Queries that never reach the radius cost everything. Bands: mean ± 1.96 standard errors over the queries.`,
    panels: models.map((name, m) => ({
      title: `${name}, σ = ${sigma}`,
      lines: view.methods.map(
        (method, i): Line => ({
          ...methodLook(method),
          points: targets.map((x, t) => {
            const { mean: y, low, high } = costs[m][i][t].seconds;
            return { x, y, low: Math.max(0, low), high };
          }),
        }),
      ),
    })),
    x: {
      title: 'Radius asked for (ℓ2, pixels in [0,1])',
      domain: [targets[0] - room, targets[targets.length - 1] + room],
    },
    y: { title: 'Seconds a query', domain: [0, most * 1.06] },
    legend: methodsLegend(view.methods),
  });
}

/** Mean seconds of a query's whole sampling, over the runs shown. */
function speed(view: StudyView): number {
  const all = view.reference.models.flatMap((name) => view.run(name).rows.map(({ seconds }) => seconds));
  return all.reduce((sum, value) => sum + value, 0) / all.length;
}
