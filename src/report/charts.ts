/** Charts of the page as HTML. */
import * as charts from '../charts/index.ts';
import { shareAbove, type Step } from '../evaluate/curve.ts';
import { decimal, percent } from './format.ts';
import { Html, html } from './html.ts';

/** A chart without its size. */
export type Drawing = Pick<charts.Chart, 'x' | 'y' | 'alt'> & { lines: readonly charts.Line[] };

/** One chart of the page. */
export function chart(
  { lines, ...axes }: Drawing,
  [width, height]: readonly [number, number],
  className = 'chart',
  valuesAt?: charts.ValuesAt,
): Html {
  return new Html(charts.pageChart({ ...axes, panels: [{ lines }], width, height }, className, valuesAt));
}

/** The chart twice: for wide and for narrow pages, of which style.ts shows one. */
export const wideAndNarrow = (drawing: Drawing, valuesAt?: charts.ValuesAt): Html =>
  html`${chart(drawing, [780, 330], 'chart wide', valuesAt)}
${chart(drawing, [300, 250], 'chart narrow', valuesAt)}`;

/** The line before a legend's entry. */
export const legendKey = (look: charts.Look): Html => new Html(charts.legendKey(look));

/** A survival curve. */
export interface Series extends charts.Look {
  name: string;
  steps: readonly Step[];
}

/** Each curve as a line of steps. */
export const linesOf = (series: readonly Series[]): charts.Line[] =>
  series.map(({ steps, colour, dash }) => ({
    colour,
    dash,
    steps: true,
    points: steps.map(({ radius: x, share: y }) => ({ x, y })),
  }));

/** What each curve says of a radius, for the pointer. */
export const sharesAt =
  (series: readonly Series[]): charts.ValuesAt =>
  (radius) => [
    `r = ${decimal(radius)}`,
    ...series.map(({ name, steps }) => `${name}: ${percent(shareAbove(steps, radius))}`),
  ];

/** The figure that makes the point: right answers against the size of a change of the picture, up to `most`, with a legend. */
export function recallChart(series: readonly Series[], most: number, alt: string): Html {
  // the last step lasts to the end of the axis
  const within = series.map(({ steps, ...one }) => ({
    ...one,
    steps: [
      ...steps.filter(({ radius }) => radius <= most),
      { radius: most, share: shareAbove(steps, most) },
    ],
  }));
  const drawing: Drawing = {
    lines: linesOf(within),
    x: { title: 'Size of the change (ℓ2, pixels in [0,1])', domain: [0, most] },
    y: { title: 'Right answers', ...charts.SHARES },
    alt,
  };
  return html`<ul class="legend">${series.map((one) => html`<li>${legendKey(one)}${one.name}</li>`)}</ul>
${wideAndNarrow(drawing, sharesAt(series))}`;
}
