import { rule } from '../site.ts';

/** y = x in inference, and with a ratio of 0: dx = dy. The ratio is ½ where none is given. */
export const dropoutRule = rule((site, dy) => {
  const [, ratio, training] = site.inputs;
  const drops = training !== undefined && training !== null && training.integers?.[0] !== 0;
  if (drops && ratio?.floats?.[0] !== 0) site.fail('dropout in inference form', 'training mode');
  return [dy, null, null];
});
