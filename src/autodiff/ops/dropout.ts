import { rule } from '../site.ts';

/** y = x in inference: dx = dy. */
export const dropoutRule = rule((site, dy) => {
  const training = site.inputs[2];
  if (training && training.integers?.[0] !== 0) site.fail('dropout in inference form', 'training mode');
  return [dy, null, null];
});
