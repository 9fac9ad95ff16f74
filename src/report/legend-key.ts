/** The line before a legend's entry. */
import { type Html, html } from './html.ts';

/** A line as the chart has it. @param stroke - CSS colour */
export function legendKey(stroke: string, dash: readonly number[] = [], width = 3): Html {
  return html`<svg class="key" viewBox="0 0 28 8" aria-hidden="true"><path d="M1 4H27" stroke="${stroke}" stroke-width="${width}" stroke-dasharray="${dash.join(' ')}"/></svg>`;
}
