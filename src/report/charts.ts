/** Charts of the page as HTML. */
import * as charts from '../charts/index.ts';
import type { Step } from '../evaluate/curve.ts';
import { Html, html } from './html.ts';

/** A chart without its size. */
export type Drawing = Pick<charts.Chart, 'x' | 'y' | 'alt'> & { lines: readonly charts.Line[] };

/** One chart of the page. @param valuesAt - text shown while the pointer rests at this x */
export function chart(
  { lines, ...axes }: Drawing,
  [width, height]: readonly [number, number],
  className = 'chart',
  valuesAt?: (x: number) => string,
): Html {
  return new Html(charts.pageChart({ ...axes, panels: [{ lines }], width, height }, className, valuesAt));
}

/** The chart twice: for wide and for narrow pages, of which style.ts shows one. */
export const wideAndNarrow = (drawing: Drawing, valuesAt?: (x: number) => string): Html =>
  html`${chart(drawing, [780, 330], 'chart wide', valuesAt)}
${chart(drawing, [300, 250], 'chart narrow', valuesAt)}`;

/** The line before a legend's entry. */
export const legendKey = (look: charts.Look): Html => new Html(charts.legendKey(look));

/** A survival curve's points. */
export const pointsOf = (steps: readonly Step[]): charts.Point[] =>
  steps.map(({ radius: x, share: y }) => ({ x, y }));

/** Of a vertical axis with shares. */
export const SHARES = { domain: [0, 1], format: charts.percentText } as const;

/** One line of the figure of {@link recallChart}. */
export interface Series {
  name: string;
  /** CSS colour. */
  colour: string;
  steps: readonly Step[];
}

/** The figure that makes the point: right answers against the size of a change of the picture, up to `most`, with a legend. */
export function recallChart(series: readonly Series[], most: number, alt: string): Html {
  const lines = series.map(({ colour, steps }): charts.Line => {
    const points = pointsOf(steps.filter(({ radius }) => radius <= most));
    // the last step lasts to the end of the axis
    return { colour, steps: true, points: [...points, { x: most, y: points.at(-1)?.y ?? 0 }] };
  });
  const drawing: Drawing = {
    lines,
    x: { title: 'Size of the change (ℓ2, pixels in [0,1])', domain: [0, most] },
    y: { title: 'Right answers', ...SHARES },
    alt,
  };
  return html`<ul class="legend">${series.map((one) => html`<li>${legendKey(one)}${one.name}</li>`)}</ul>
${wideAndNarrow(drawing)}`;
}
