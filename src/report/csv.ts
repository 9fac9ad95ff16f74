/** CSV (RFC 4180), of reports and studies, that a spreadsheet may open whatever the labels and paths in it are. */

/** What may stand in a field; nothing for what is not known. */
export type Field = string | number | null | undefined;

/**
 * Lines of fields; numbers in full. A text that a spreadsheet would take for a formula (because it begins with = + - @ or their
 * full-width forms, or with a tab or line break, also after spaces) gets an apostrophe in front, which makes it a text there; what
 * looks like a plain number stays as it is.
 */
export function csvText(lines: readonly (readonly Field[])[], lineEnd = '\r\n'): string {
  return lines.map((line) => line.map(field).join(',') + lineEnd).join('');
}

// spaces of all kinds and characters that are not shown may stand before
const FORMULA = /^(?:[\t\r\n]|[\s\p{C}]*[=+\-@\uff1d\uff0b\uff0d\uff20])/u;
const NUMBER = /^[+-]?(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?%?$/i;

function field(value: Field): string {
  const text = value === null || value === undefined || Number.isNaN(value) ? '' : String(value);
  const safe = typeof value === 'string' && FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  // semicolons and tabs separate fields where the comma is the decimal sign
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
