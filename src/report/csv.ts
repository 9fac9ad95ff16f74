/** CSV (RFC 4180), of reports and studies. */

/** What may stand in a field; nothing for what is not known. */
export type Field = string | number | null | undefined;

/** Lines of fields; numbers in full. */
export function csvText(lines: readonly (readonly Field[])[], lineEnd = '\r\n'): string {
  return lines.map((line) => line.map(field).join(',') + lineEnd).join('');
}

function field(value: Field): string {
  const text = value === null || value === undefined || Number.isNaN(value) ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
