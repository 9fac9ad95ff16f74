import { rule } from '../site.ts';

/** y = blocks of pixels as channels, [N, C, H, W] → [N, C b², H/b, W/b]: DepthToSpace puts them back. */
export const spaceToDepthRule = rule((site, dy) => [
  site.op('DepthToSpace', [dy], { blocksize: site.int('blocksize', 1) }),
]);
