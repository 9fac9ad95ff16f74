/** A sketch of the plane of embeddings: a query's noisy embeddings, their mean, two gallery items and their bisector. */
import { bisectorMargin, minimumMargin } from '../../src/certify/index.ts';
import { gaussianSample, noiseKey } from '../../src/noise/index.ts';

type Point = readonly [number, number];

const WIDTH = 560;
const HEIGHT = 330;
const SCALE = 300;
/** Of the plane, at the picture's middle. */
const ORIGIN: Point = [0.05, 0];
const POSITIVE: Point = [-0.5, 0.34];
const NEGATIVE: Point = [0.5, -0.22];
const OTHERS: readonly Point[] = [
  [-0.68, -0.3],
  [0.75, 0.35],
];

const COLOUR = {
  positive: '#1a7f37',
  negative: '#b3261e',
  noisy: '#0072b2',
  ink: '#1b1f24',
  muted: '#5c6570',
};

/** Embeddings of noisy copies, as a real encoder has them: most near the clean one, some carried towards the other class. */
function noisyEmbeddings(count: number): Point[] {
  const z = gaussianSample(noiseKey({ seed: 3, query: 'plane', phase: 'evaluation' }), 0, 3 * count);
  return Array.from({ length: count }, (_, i) => {
    const drift = Math.max(0, z[3 * i] - 0.6) * 0.28;
    return [-0.2 + 0.08 * z[3 * i + 1] + drift, 0.03 + 0.09 * z[3 * i + 2] - 0.15 * drift];
  });
}

const distance = ([a, b]: Point, [c, d]: Point): number => Math.hypot(a - c, b - d);
const place = ([x, y]: Point): Point => [
  WIDTH / 2 + SCALE * (x - ORIGIN[0]),
  HEIGHT / 2 - SCALE * (y - ORIGIN[1]),
];
const at = (point: Point): string =>
  place(point)
    .map((value) => value.toFixed(1))
    .join(' ');

/** Draws the sketch. The two margins in it are computed from its points. */
export function drawPlane(): { svg: string; minimum: number; bisector: number } {
  const noisy = noisyEmbeddings(300);
  const mean: Point = [
    noisy.reduce((sum, [x]) => sum + x, 0) / noisy.length,
    noisy.reduce((sum, [, y]) => sum + y, 0) / noisy.length,
  ];
  const minimum = minimumMargin(distance(mean, POSITIVE), distance(mean, NEGATIVE));
  const vector = (point: Point): Float64Array => Float64Array.from(point);
  const bisector = bisectorMargin(vector(mean), vector(POSITIVE), vector(NEGATIVE));

  const middle: Point = [(POSITIVE[0] + NEGATIVE[0]) / 2, (POSITIVE[1] + NEGATIVE[1]) / 2];
  const apart = distance(POSITIVE, NEGATIVE);
  const along: Point = [(NEGATIVE[0] - POSITIVE[0]) / apart, (NEGATIVE[1] - POSITIVE[1]) / apart];
  const across = (t: number): Point => [middle[0] - t * along[1], middle[1] + t * along[0]];
  const foot: Point = [mean[0] + bisector * along[0], mean[1] + bisector * along[1]];

  const dot = (point: Point, radius: number, colour: string, opacity = 1): string => {
    const [x, y] = place(point);
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius}" fill="${colour}" fill-opacity="${opacity}"/>`;
  };
  const text = (point: Point, dx: number, dy: number, words: string, colour = COLOUR.ink): string => {
    const [x, y] = place(point);
    return `<text x="${(x + dx).toFixed(1)}" y="${(y + dy).toFixed(1)}" fill="${colour}" stroke="#fff" stroke-width="4" paint-order="stroke">${words}</text>`;
  };
  const [mx, my] = place(mean);
  const parts = [
    ...noisy.map((point) => dot(point, 2, COLOUR.noisy, 0.35)),
    `<path d="M${at(across(0.5))} L${at(across(-0.5))}" stroke="${COLOUR.muted}" stroke-dasharray="6 4" fill="none"/>`,
    text(across(0.42), 8, 0, 'bisector of a and b', COLOUR.muted),
    `<circle cx="${mx.toFixed(1)}" cy="${my.toFixed(1)}" r="${(SCALE * minimum).toFixed(1)}" fill="none" stroke="${COLOUR.muted}" stroke-width="1.2"/>`,
    `<path d="M${at(mean)} L${at(foot)}" stroke="${COLOUR.ink}" stroke-width="1.6"/>`,
    dot(POSITIVE, 7, COLOUR.positive),
    text(POSITIVE, -50, -14, 'a, same label', COLOUR.positive),
    dot(NEGATIVE, 7, COLOUR.negative),
    text(NEGATIVE, -40, 24, 'b, another label', COLOUR.negative),
    dot(OTHERS[0], 7, COLOUR.positive, 0.45),
    dot(OTHERS[1], 7, COLOUR.negative, 0.45),
    dot(mean, 5, COLOUR.ink),
    text(mean, -110, 40, 'g(x), the mean'),
    text(foot, 8, 6, 'm'),
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="13"><rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>\n${parts.join('\n')}\n</svg>\n`;
  return { svg, minimum, bisector };
}
