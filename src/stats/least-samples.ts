/**
 * The least number of samples above `few` that is enough, where more than enough is enough too; Infinity beyond `most`.
 * Doubles the step until it is, then halves.
 */
export function leastSamples(few: number, most: number, enough: (samples: number) => boolean): number {
  let many = few + 1;
  for (let step = 1; !enough(many); step *= 2) {
    few = many;
    many += step;
    if (many > most) return Infinity;
  }
  while (many - few > 1) {
    const middle = Math.floor((few + many) / 2);
    if (enough(middle)) many = middle;
    else few = middle;
  }
  return many;
}
