import { normalized, normalizedGradient } from '../normalize.ts';
import { rule } from '../site.ts';

/**
 * y = x̂ · scale + bias, x̂ normalised over the pixels of each channel of each image: dscale = Σ dy x̂, dbias = Σ dy, and dx
 * from dy · scale as in layer normalisation.
 */
export const instanceNormalizationRule = rule((site, dy) => {
  const [x, scale] = [site.input(0), site.input(1)];
  const pixels = x.shape.map((_, axis) => axis).slice(2);
  const channels = x.shape.map((size, axis) => (axis === 1 ? size : 1));
  const epsilon = site.scalar(site.float('epsilon', 1e-5), x.type);
  const xHat = normalized(site, x.value, pixels, epsilon);
  const d = site.op('Mul', [dy, site.reshape(scale.value, channels)]);
  return [
    site.needs[0] ? normalizedGradient(site, d, xHat, pixels) : null,
    site.needs[1] ? site.sum(site.op('Mul', [dy, xHat.value]), [0, ...pixels], false) : null,
    site.needs[2] ? site.sum(dy, [0, ...pixels], false) : null,
  ];
});
