/** The figure that makes the point: right answers against the size of a change of the picture. */
import type { TopLevelSpec } from 'vega-lite';
import { type Step, thinCurve } from '../evaluate/curve.ts';
import { type Html, html } from './html.ts';
import { legendKey } from './legend-key.ts';
import { drawSvg } from './svg.ts';

/** One line of the figure. */
export interface Series {
  name: string;
  /** CSS colour. */
  colour: string;
  steps: readonly Step[];
}

/** Draws the lines as steps up to `most`, the right end of the axis, for wide and for narrow pages, with a legend. */
export async function recallChart(series: readonly Series[], most: number, alt: string): Promise<Html> {
  const [wide, narrow] = await Promise.all([
    draw(series, most, { width: 780, height: 330, alt, className: 'chart wide' }),
    draw(series, most, { width: 300, height: 250, alt, className: 'chart narrow' }),
  ]);
  const legend = series.map(({ name, colour }) => html`<li>${legendKey(colour)}${name}</li>`);
  return html`<ul class="legend">${legend}</ul>
${wide}
${narrow}`;
}

function draw(
  series: readonly Series[],
  most: number,
  size: { width: number; height: number; alt: string; className: string },
): Promise<Html> {
  const layer = series.map(({ colour, steps }) => ({
    data: {
      values: [
        ...thinCurve(steps, most, 4 * size.width).filter(({ radius }) => radius <= most),
        // the last step lasts to the end of the axis
        { radius: most, share: steps.findLast(({ radius }) => radius <= most)?.share ?? 0 },
      ],
    },
    mark: {
      type: 'line' as const,
      interpolate: 'step-after' as const,
      strokeWidth: 2.5,
      strokeJoin: 'round' as const,
      color: colour,
    },
    encoding: {
      x: { field: 'radius', type: 'quantitative' as const },
      y: { field: 'share', type: 'quantitative' as const },
    },
  }));
  const spec: TopLevelSpec = {
    encoding: {
      x: {
        type: 'quantitative',
        scale: { domain: [0, most], nice: false },
        axis: {
          title: 'Size of the change (ℓ2, pixels in [0,1])',
          tickCount: size.width < 500 ? 5 : 8,
          grid: false,
        },
      },
      y: {
        type: 'quantitative',
        scale: { domain: [0, 1] },
        axis: { title: 'Right answers', format: '.0%', tickCount: 5 },
      },
    },
    layer,
  };
  return drawSvg(spec, size);
}
