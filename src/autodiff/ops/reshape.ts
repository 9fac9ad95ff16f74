import { rule } from '../site.ts';

/** y = x in another shape: dx = dy in the shape of x. Flatten, Squeeze and Unsqueeze are the same. */
export const reshapeRule = rule((site, dy) => [site.reshape(dy, site.input(0).shape)]);
