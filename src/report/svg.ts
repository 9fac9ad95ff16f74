/** Charts as inline SVG, drawn by Vega without a browser. Colours are the page's CSS variables. */
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { Html } from './html.ts';

/** Size and text of a chart. */
export interface SvgOptions {
  /** Of the plotting area, in CSS pixels. */
  width: number;
  height: number;
  /** What a screen reader says in the chart's place. */
  alt: string;
  /** CSS class of the <svg>. */
  className: string;
  /** Drawn above the chart, in pixels of the plotting area. */
  overlay?: Html;
}

/** How axes look in every chart. */
const CONFIG: TopLevelSpec['config'] = {
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
};

/**
 * Draws a chart.
 * @returns an <svg> without a fixed size: it scales to the width that CSS gives it.
 */
export async function drawSvg(spec: TopLevelSpec, options: SvgOptions): Promise<Html> {
  const { width, height } = options;
  const sized = { ...spec, width, height, padding: 4, config: CONFIG } as TopLevelSpec;
  const view = new vega.View(vega.parse(compile(sized).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return frame(svg, options);
}

/** Takes fixed size and namespaces (needless within HTML) from Vega's <svg> and gives it its role. */
function frame(svg: string, { alt, className, overlay }: SvgOptions): Html {
  const viewBox = /viewBox="([^"]*)"/.exec(svg)?.[1] ?? '';
  const body = svg
    .replace(/^<svg[^>]*>/, '')
    .replace(/<text[^>]*opacity="0"[^>]*>[^<]*<\/text>/g, '') // labels that Vega hid because they would overlap
    .replace(/<path class="(?:fore|back)ground"[^>]*\/>/g, '')
    // the outermost group begins at the plotting area's corner
    .replace(/<\/g><\/svg>$/, `${overlay?.text ?? ''}</g></svg>`);
  const label = alt.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
  return new Html(`<svg class="${className}" role="img" aria-label="${label}" viewBox="${viewBox}">${body}`);
}
