/** Charts within a page of HTML: they follow its theme, and tell the values under the pointer without a script. */
import { drawPanels, escapeMarkup, horizontalScale, stroke, type Theme } from './draw.ts';
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

/** Lines of text that are shown while the pointer rests at an x. */
export type ValuesAt = (x: number) => readonly string[];

/**
 * An <svg> without a fixed size: it scales to the width that CSS gives it.
 * @param className - of the <svg>
 */
export function pageChart(chart: Chart, className: string, valuesAt?: ValuesAt): string {
  const { svg, width, height } = drawPanels(chart, PAGE, valuesAt && strips(chart, valuesAt));
  return `<svg class="${className}" role="img" aria-label="${escapeMarkup(chart.alt)}" viewBox="0 0 ${width} ${height}">${svg}</svg>`;
}

/** Strips over the whole width, each with the values at its middle. */
function strips(chart: Chart, valuesAt: ValuesAt): string {
  const { valueAt } = horizontalScale(chart);
  const all = Array.from({ length: Math.floor(chart.width / STRIP) }, (_, i) => {
    const lines = valuesAt(valueAt((i + 0.5) * STRIP)).map(escapeMarkup);
    return `<g><title>${lines.join('\n')}</title><rect x="${i * STRIP}" y="0" width="${STRIP}" height="${chart.height}" fill="transparent"/></g>`;
  });
  return `<g class="hover">${all.join('')}</g>`;
}

/** A line as the chart has it, to stand before its entry in a legend. */
export const legendKey = (look: Look): string =>
  `<svg class="key" viewBox="0 0 28 8" aria-hidden="true"><path d="M1 4H27" ${stroke({ width: 3, ...look })}/></svg>`;
