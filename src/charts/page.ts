/** Charts within a page of HTML: they follow its theme, and tell the values under the pointer without a script. */
import { drawPanels, escapeMarkup, stroke, type Theme } from './draw.ts';
import { scaleOf } from './scale.ts';
import type { Chart, Look } from './types.ts';

/** The page's CSS variables. */
const PAGE: Theme = {
  text: 'currentColor',
  axis: 'var(--line-strong)',
  grid: 'var(--line)',
  ground: 'var(--page)',
  fontSize: 12,
  strokeWidth: 2.25,
};
/** Width of a strip that tells the values below it, in pixels. */
const STRIP = 10;

/**
 * An <svg> without a fixed size: it scales to the width that CSS gives it.
 * @param className - of the <svg>
 * @param valuesAt - text shown while the pointer rests at this x
 */
export function pageChart(chart: Chart, className: string, valuesAt?: (x: number) => string): string {
  const { svg, width, height } = drawPanels(chart, PAGE, valuesAt && strips(chart, valuesAt));
  return `<svg class="${className}" role="img" aria-label="${escapeMarkup(chart.alt)}" viewBox="0 0 ${width} ${height}">${svg}</svg>`;
}

/** Strips over the whole width, each with the values at its middle. */
function strips({ x, width, height }: Chart, valuesAt: (x: number) => string): string {
  const { valueAt } = scaleOf(x, width, 1);
  const all = Array.from({ length: Math.floor(width / STRIP) }, (_, i) => {
    // a line break is shown as one
    const lines = valuesAt(valueAt((i + 0.5) * STRIP))
      .split('\n')
      .map(escapeMarkup)
      .join('\n');
    return `<g><title>${lines}</title><rect x="${i * STRIP}" y="0" width="${STRIP}" height="${height}" fill="transparent"/></g>`;
  });
  return `<g class="hover">${all.join('')}</g>`;
}

/** A line as the chart has it, to stand before its entry in a legend. */
export const legendKey = (look: Look): string =>
  `<svg class="key" viewBox="0 0 28 8" aria-hidden="true"><path d="M1 4H27" ${stroke({ width: 3, ...look })}/></svg>`;
