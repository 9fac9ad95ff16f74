/** CSV (RFC 4180), of reports and studies. */

/** What may stand in a field; nothing for what is not known. */
export type Field = string | number | null | undefined;

/** Lines of fields; numbers in full. No field can begin a formula in a spreadsheet. */
export function csvText(lines: readonly (readonly Field[])[], lineEnd = '\r\n'): string {
  return lines.map((line) => line.map(field).join(',') + lineEnd).join('');
}

/** How formulas begin, in full-width letters too, and what tabs and line ends in front of them hide. */
const FORMULA = /^[\s\p{Cc}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u;
/** Numbers as tables show them: −0.5, 1e-3, 12,345, 60.5%. */
const NUMBER = /^[+-]?[\d.,]+(e[+-]?\d+)?%?$/i;

function field(value: Field): string {
  const plain = value === null || value === undefined || Number.isNaN(value) ? '' : String(value);
  // a spreadsheet would take the text for a formula; an apostrophe in front makes it a text
  const text = typeof value === 'string' && FORMULA.test(plain) && !NUMBER.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
