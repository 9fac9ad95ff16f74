import { permute } from '../shaping.ts';
import { rule } from '../site.ts';

/**
 * y = channels laid out as blocks of pixels, [N, C b², H, W] → [N, C, H b, W b]: dx puts them back. In mode DCR the offset in
 * the block is the slow part of the channel, in CRD the fast one.
 */
export const depthToSpaceRule = rule((site, dy) => {
  const [n, channels, height, width] = site.input(0).shape;
  const b = site.int('blocksize', 1);
  const blocks = site.reshape(dy, [n, channels / (b * b), height, b, width, b]);
  const perm = site.string('mode', 'DCR') === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4];
  return [site.reshape(permute(site.g, blocks, perm), site.input(0).shape)];
});
