/** "Did you mean …?" for a name that is not known. */

/** Edits of a character after which a name is taken for another one: a third of it. */
const SHARE = 1 / 3;

/** " Did you mean X?" with the name nearest to `text`; nothing where none is near. */
export function didYouMean(text: string, names: readonly string[]): string {
  const near = names
    .map((name) => ({ name, edits: distance(text.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.max(1, SHARE * Math.max(name.length, text.length)))
    .sort((a, b) => a.edits - b.edits);
  return near.length > 0 ? ` Did you mean ${near[0].name}?` : '';
}

/** The fewest insertions, deletions, replacements and swaps of neighbours that make `b` of `a`. */
function distance(a: string, b: string): number {
  let [before, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2] + 1 : Infinity;
      next.push(Math.min(replaced, swapped, last[j] + 1, next[j - 1] + 1));
    }
    [before, last] = [last, next];
  }
  return last[b.length];
}
