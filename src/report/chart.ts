/** Certified Recall against the radius as an inline SVG, drawn by Vega without a browser. Colours are the page's CSS variables. */
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Method } from '../evaluate/types.ts';
import { type Step, thinCurve } from '../evaluate/curve.ts';
import { Html } from './html.ts';

/** One curve of the chart. */
export interface ChartCurve {
  method: Method;
  /** Which run it belongs to, from 0: decides the dashes. */
  run: number;
  steps: readonly Step[];
}

/** Size and text of a chart. */
export interface ChartOptions {
  /** Of the plotting area, in CSS pixels. */
  width: number;
  height: number;
  /** Right end of the radius axis. */
  maxRadius: number;
  /** Title of the vertical axis. */
  yTitle: string;
  /** What a screen reader says in the chart's place. */
  alt: string;
  /** A horizontal line: Recall without a certificate. */
  reference?: number;
  /** CSS class of the <svg>. */
  className: string;
}

/** Dashes of the first, second, … run (again from the start after the last). */
export const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 2.5], [9, 3, 2, 3]];

/** The CSS variable with a method's colour. */
export const methodColour = (method: Method): string => `var(--method-${method})`;

/**
 * Draws the curves as steps.
 * @returns an <svg> without a fixed size: it scales to the width that CSS gives it.
 */
export async function curveChart(curves: readonly ChartCurve[], options: ChartOptions): Promise<Html> {
  const { width, height, maxRadius, yTitle, reference } = options;
  const values = curves.flatMap(({ method, run, steps }, order) =>
    thinCurve(steps, maxRadius, 4 * width).map(({ radius, share }) => ({
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
    width,
    height,
    padding: 4,
    data: { values },
    encoding: {
      x: {
        type: 'quantitative',
        scale: { domain: [0, maxRadius], nice: false },
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
    config: {
      aria: false,
      background: 'transparent',
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      axis: {
        labelColor: 'currentColor',
        titleColor: 'currentColor',
        labelFontSize: 12,
        titleFontSize: 12.5,
        titleFontWeight: 500,
        titlePadding: 10,
        domainColor: 'var(--line-strong)',
        tickColor: 'var(--line-strong)',
        gridColor: 'var(--line)',
      },
      axisY: { domain: false, ticks: false, labelPadding: 8 },
    },
  };
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return frame(svg, options);
}

/** Takes fixed size and namespaces (needless within HTML) from Vega's <svg> and gives it its role. */
function frame(svg: string, { alt, className }: ChartOptions): Html {
  const viewBox = /viewBox="([^"]*)"/.exec(svg)?.[1] ?? '';
  const body = svg
    .replace(/^<svg[^>]*>/, '')
    .replace(/<text[^>]*opacity="0"[^>]*>[^<]*<\/text>/g, '') // labels that Vega hid because they would overlap
    .replace(/<path class="(?:fore|back)ground"[^>]*\/>/g, '');
  const label = alt.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
  return new Html(`<svg class="${className}" role="img" aria-label="${label}" viewBox="${viewBox}">${body}`);
}
