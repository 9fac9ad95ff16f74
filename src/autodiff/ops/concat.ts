import { slice } from '../shaping.ts';
import { rule } from '../site.ts';

/** y = the inputs one after the other along `axis`: each gets its cut-out of dy. */
export const concatRule = rule((site, dy) => {
  const rank = site.output(0).shape.length;
  const axis = (site.int('axis', 0) + rank) % rank;
  let end = 0;
  return site.inputs.map((_, i) => {
    const start = end;
    end += site.input(i).shape[axis];
    return site.needs[i] ? slice(site.g, dy, { axes: [axis], starts: [start], ends: [end] }) : null;
  });
});
