/** The few numbers that a reader looks for first. */
import { shareAbove } from '../evaluate/curve.ts';
import { decimal, integer, percent } from './format.ts';
import { type Html, html } from './html.ts';
import type { RunStatistics } from './statistics.ts';
import { PREFERRED } from '../evaluate/method-statistics.ts';
import { recallName } from './words.ts';

/** Key numbers of one run. */
export function keyNumbers({ run, queries, recall, methods }: RunStatistics): Html {
  const name = recallName([run]);
  const method = PREFERRED.map((one) => methods.find((of) => of.method === one)).find(
    (of) => of !== undefined,
  );
  const positive = run.manifest.radii.filter((radius) => radius > 0);
  const radius = positive[Math.floor((positive.length - 1) / 2)];
  const tiles = [
    tile(integer(queries), queries === 1 ? 'query' : 'queries'),
    tile(percent(recall.base), `${name} of the base model`),
    tile(percent(recall.smoothed), `${name} of the smoothed model`),
    method && tile(percent(method.certified / method.queries), `certified at some radius (${method.method})`),
    method &&
      radius !== undefined &&
      tile(percent(shareAbove(method.curve, radius)), `certified at r = ${radius} (${method.method})`),
    method && tile(decimal(method.meanRadius), `mean certified radius (${method.method})`),
  ];
  return html`<ul class="tiles">${tiles.filter((one) => one !== undefined)}</ul>`;
}

/** A number and what it is. */
export function tile(value: string, name: string): Html {
  return html`<li><b>${value}</b> <span>${name}</span></li>`;
}
