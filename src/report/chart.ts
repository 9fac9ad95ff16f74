/** Certified Recall against the radius. */
import type { TopLevelSpec } from 'vega-lite';
import type { Method } from '../evaluate/types.ts';
import { shareAbove, type Step, thinCurve } from '../evaluate/curve.ts';
import { decimal, percent } from './format.ts';
import { type Html, html } from './html.ts';
import { drawSvg, type SvgOptions } from './svg.ts';

/** One curve of the chart. */
export interface ChartCurve {
  method: Method;
  /** Which run it belongs to, from 0: decides the dashes. */
  run: number;
  steps: readonly Step[];
}

/** Size and text of a chart. */
export interface ChartOptions extends SvgOptions {
  /** Right end of the radius axis. */
  maxRadius: number;
  /** Title of the vertical axis. */
  yTitle: string;
  /** A horizontal line: Recall without a certificate. */
  reference?: number;
  /** A logarithmic radius axis, over two and a half decades. */
  log?: boolean;
}

/** Dashes of the first, second, … run (again from the start after the last). */
export const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 2.5], [9, 3, 2, 3]];

/** Right over left end of a logarithmic radius axis. */
const LOG_RANGE = 300;
/** Width of a band that tells the values below it, in pixels. */
const BAND = 10;

/** The CSS variable with a method's colour. */
export const methodColour = (method: Method): string => `var(--method-${method})`;

/**
 * Draws the curves as steps.
 * @returns an <svg> without a fixed size: it scales to the width that CSS gives it.
 */
export async function curveChart(curves: readonly ChartCurve[], options: ChartOptions): Promise<Html> {
  const { width, height, maxRadius, yTitle, reference, log = false } = options;
  const least = log ? maxRadius / LOG_RANGE : 0;
  const values = curves.flatMap(({ method, run, steps }, order) =>
    thinCurve(fromRadius(steps, least), maxRadius, (log ? 1 : 4) * width).map(({ radius, share }) => ({
      radius,
      share,
      curve: order,
      colour: methodColour(method),
      dash: DASHES[run % DASHES.length],
    })),
  );
  // One layer a curve: colours and dashes are constants there, so no scale may reinterpret them.
  const layers = curves.map(({ method, run }, order) => ({
    transform: [{ filter: `datum.curve === ${order}` }],
    mark: {
      type: 'line' as const,
      interpolate: 'step-after' as const,
      strokeWidth: 2.25,
      strokeJoin: 'round' as const,
      color: methodColour(method),
      strokeDash: [...DASHES[run % DASHES.length]],
    },
    encoding: {
      x: { field: 'radius', type: 'quantitative' as const },
      y: { field: 'share', type: 'quantitative' as const },
    },
  }));
  const rule = {
    data: { values: [{ share: reference ?? 0 }] },
    mark: {
      type: 'rule' as const,
      strokeDash: [3, 3],
      strokeWidth: 1,
      color: 'var(--muted)',
      opacity: reference === undefined ? 0 : 1,
    },
    encoding: { y: { field: 'share', type: 'quantitative' as const } },
  };
  const spec: TopLevelSpec = {
    data: { values },
    encoding: {
      x: {
        type: 'quantitative',
        scale: { type: log ? 'log' : 'linear', domain: [least, maxRadius], nice: false },
        axis: {
          title: 'Certified radius r (ℓ2, pixels in [0,1])',
          tickCount: width < 500 ? 5 : 8,
          grid: false,
        },
      },
      y: {
        type: 'quantitative',
        scale: { domain: [0, 1] },
        axis: { title: yTitle, format: '.0%', tickCount: 5 },
      },
    },
    layer: [rule, ...layers],
  };
  return drawSvg(spec, { ...options, overlay: readouts(curves, { width, height, least, maxRadius, log }) });
}

/** The curve from a radius on, with a step there. */
function fromRadius(steps: readonly Step[], least: number): readonly Step[] {
  if (least === 0) return steps;
  return [
    { radius: least, share: shareAbove(steps, least) },
    ...steps.filter(({ radius }) => radius > least),
  ];
}

/** Bands over the whole width: each says, while the pointer rests on it, what every curve has in its middle. */
function readouts(
  curves: readonly ChartCurve[],
  axis: { width: number; height: number; least: number; maxRadius: number; log: boolean },
): Html {
  const { width, height, least, maxRadius, log } = axis;
  const count = Math.round(width / BAND);
  const several = new Set(curves.map(({ run }) => run)).size > 1;
  const bands = Array.from({ length: count }, (_, i) => {
    const at = (i + 0.5) / count;
    const radius = log ? least * (maxRadius / least) ** at : maxRadius * at;
    const lines = curves.map(
      ({ method, run, steps }) =>
        `${method}${several ? `, run ${run + 1}` : ''}: ${percent(shareAbove(steps, radius))}`,
    );
    return html`<g><title>${[`r = ${decimal(radius)}`, ...lines].join('\n')}</title><rect x="${((i * width) / count).toFixed(1)}" y="0" width="${(width / count).toFixed(1)}" height="${height}" fill="transparent"/></g>`;
  });
  return html`<g class="hover">${bands}</g>`;
}
