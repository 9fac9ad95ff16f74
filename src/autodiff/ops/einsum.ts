import { rule, type Site } from '../site.ts';

/**
 * y = sums of products of the inputs, letters naming their axes, as in `bhid,bhjd->bhij`: dxᵢ is the sum of products of dy and
 * the other inputs with the letters of xᵢ as its result. An axis that only xᵢ has was summed away: dy is the same along it.
 */
export const einsumRule = rule((site, dy) => {
  const { terms, result } = lettersOf(site);
  return terms.map((letters, i) => {
    if (!site.needs[i]) return null;
    const others = terms.flatMap((_, j) => (j === i ? [] : [j]));
    const sources = [result, ...others.map((j) => terms[j])];
    const reachable = letters.split('').filter((letter) => sources.some((source) => source.includes(letter)));
    const product = site.op('Einsum', [dy, ...others.map((j) => site.input(j).value)], {
      equation: `${sources.join(',')}->${reachable.join('')}`,
    });
    if (reachable.length === letters.length) return product;
    const { shape } = site.input(i);
    const kept = shape.map((size, axis) => (reachable.includes(letters[axis]) ? size : 1));
    return site.expand(site.reshape(product, kept), shape);
  });
});

/** The equation taken apart; a result that is left out is all letters that occur once, in alphabetical order. */
function lettersOf(site: Site): { terms: string[]; result: string } {
  const equation = site.string('equation', '').replaceAll(' ', '');
  const [left, right] = equation.split('->');
  const terms = left.split(',');
  const all = terms.join('');
  const once = [...new Set(all)].filter((letter) => all.split(letter).length === 2);
  const result = right ?? once.sort().join('');
  for (const term of [...terms, result]) {
    if (equation.includes('.') || new Set(term).size !== term.length) {
      return site.fail('an equation without ellipses and without repeated letters in one term', equation);
    }
  }
  const sizes = new Map<string, number>();
  for (const [i, term] of terms.entries()) {
    for (const [axis, letter] of term.split('').entries()) {
      const size = site.input(i).shape[axis];
      if ((sizes.get(letter) ?? size) !== size) return site.fail('one size for each letter', equation);
      sizes.set(letter, size);
    }
  }
  return { terms, result };
}
