/** Words that everything here says alike. */

/** The word for one thing, or for any other number of them: "is", "are". */
export const verb = (n: number, one: string, many: string): string => (n === 1 ? one : many);

/** "1 query", "12,000 images": a number of things. */
export function count(
  n: number,
  one: string,
  many = one.endsWith('y') ? `${one.slice(0, -1)}ies` : `${one}s`,
): string {
  return `${n.toLocaleString('en-US')} ${verb(n, one, many)}`;
}

/** What an error says, whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
