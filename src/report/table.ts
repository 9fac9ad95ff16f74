/** A table that scrolls sideways where it is too wide. */
import { type Html, html, type Part } from './html.ts';

/**
 * A table with a heading for each column.
 * @param bodies - one <tbody> or several
 */
export function table(caption: Part, head: Part, bodies: Part): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
${bodies}</table></div>
`;
}

/** Headings of columns: first those of texts, then those of numbers. */
export const headings = (texts: readonly Part[], numbers: readonly Part[]): Html =>
  html`${texts.map((name) => html`<th scope="col">${name}</th>`)}${numbers.map((name) => html`<th scope="col" class="number">${name}</th>`)}`;

/** Cells of numbers. */
export const numberCells = (values: readonly Part[]): Html =>
  html`${values.map((value) => html`<td class="number">${value}</td>`)}`;
