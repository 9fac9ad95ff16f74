import { rule } from '../site.ts';

/** y = running sums along an axis: dx = the running sums of dy from the other end. */
export const cumSumRule = rule((site, dy) => {
  const exclusive = site.int('exclusive', 0);
  return [
    site.op('CumSum', [dy, site.input(1).value], { exclusive, reverse: 1 - site.int('reverse', 0) }),
    null,
  ];
});
