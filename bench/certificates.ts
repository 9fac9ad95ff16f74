/**
 * How much each certificate gives from the same model and the same samples: `npx tsx bench/certificates.ts [--samples 10000]`.
 *
 * Omniglot characters that the encoder has never seen (demo/omniglot-unseen.zip): gallery = drawings 1 to 19 of each of the 86
 * characters, smoothed with 256 samples; queries = drawing 20 of every second character. Prints a Markdown table.
 *
 * 'cdf, plain' is the distribution certificate by Clopper–Pearson bounds with alpha split evenly over 8 critical negatives,
 * one group of all others, and 24 thresholds each (12 in the bulk, 12 between 2 and 7 deviations above the mean), on the same
 * counters. 'ceiling' rows are the limits for infinitely many samples, from the estimates.
 */
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  type CertificateMethod,
  CERTIFICATE_METHODS,
  clopperPearsonUpper,
  distributionRadius,
  lipschitzRadius,
  meanEmbedding,
  minimumMargin,
  radiusOf,
  squaredDistances,
} from '../src/certify/index.ts';
import { openDataset } from '../src/datasets/index.ts';
import { loadImage } from '../src/image/index.ts';
import { type CertifiedQuery, Smoother } from '../src/smoothing/index.ts';

const { values } = parseArgs({ options: { samples: { type: 'string', default: '1000,10000' } } });
const SIGMA = 0.25;
const ALPHA = 0.001;
const RADII = [0, 0.25, 0.5, 0.75];
const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const smoother = await Smoother.open(join(root, 'bench', 'models', 'omniglot-conv4'));
const dataset = await openDataset(`omniglot:${join(root, 'demo', 'omniglot-unseen.zip')}`);
const drawn = new Map<string, number>();
const gallery: number[] = [];
const queries: number[] = [];
for (const [index, { label }] of dataset.items.entries()) {
  const count = (drawn.get(label) ?? 0) + 1;
  drawn.set(label, count);
  if (count < 20) gallery.push(index);
  else if (drawn.size % 2 === 1) queries.push(index);
}
const pixels = await Promise.all(
  dataset.items.map(async (item) => loadImage(await item.read(), smoother.info.preprocessing)),
);
const { dimension } = smoother.info;
const vectors = new Float32Array(gallery.length * dimension);
await Promise.all(
  gallery.map(async (item, row) => {
    const image = { id: dataset.items[item].id, pixels: pixels[item] };
    vectors.set(await smoother.embed(image, { sigma: SIGMA, samples: 256 }), row * dimension);
  }),
);
const labelOf = (item: number): number => dataset.labels.indexOf(dataset.items[item].label);
const view = { vectors, dimension, count: gallery.length, labelIndex: Int32Array.from(gallery, labelOf) };
await smoother.setGallery(view);
console.log(
  `${queries.length} queries, ${gallery.length} gallery vectors, σ = ${SIGMA}, α = ${ALPHA}, k = ${dimension}, ${cpus()[0].model}\n`,
);
console.log(`| method | n | radius, all queries | ${RADII.map((r) => `CR@1(${r})`).join(' | ')} |`);
console.log(`|---|---|---|${RADII.map(() => '---|').join('')}`);

for (const samples of values.samples.split(',').map(Number)) {
  const found = await Promise.all(
    queries.map((item) =>
      smoother.certifyOnce(
        { id: dataset.items[item].id, pixels: pixels[item] },
        { sigma: SIGMA, alpha: ALPHA, stopping: { exactly: samples } },
      ),
    ),
  );
  const right = (q: CertifiedQuery, i: number, method: CertificateMethod): boolean => {
    const truth = labelOf(queries[i]);
    const answer = method === 'vote' ? q.votePredicted : method === 'duel' ? q.duelPredicted : q.predicted;
    return answer === truth && q.certificates[method]!.label === truth;
  };
  const row = (name: string, radii: number[]): void => {
    const mean = radii.reduce((sum, r) => sum + r, 0) / radii.length;
    const shares = RADII.map((r) => (radii.filter((x) => x > r).length / radii.length).toFixed(2));
    console.log(`| ${name} | ${samples.toLocaleString('en')} | ${mean.toFixed(3)} | ${shares.join(' | ')} |`);
  };
  for (const method of CERTIFICATE_METHODS) {
    if (method === 'vote') {
      row(
        'cdf, plain',
        found.map((q, i) => (right(q, i, 'cdf') ? plainRadius(q) : 0)),
      );
      row(
        'cdf, ceiling',
        found.map((q, i) => (right(q, i, 'cdf') ? ceiling(q) : 0)),
      );
    }
    row(
      method,
      found.map((q, i) => (right(q, i, method) ? radiusOf(q.certificates[method]!) : 0)),
    );
    if (method === 'paper')
      row(
        'paper, ceiling',
        found.map((q, i) => (right(q, i, 'paper') ? paperCeiling(q) : 0)),
      );
  }
}
await smoother.close();

/** Samples above level j. */
function above(histogram: Uint32Array, j: number): number {
  let count = 0;
  for (let i = j + 1; i < histogram.length; i++) count += histogram[i];
  return count;
}

/** The plain distribution certificate on the counters of the run; its thresholds are levels of the histogram. */
function plainRadius({ plan, counters, samples }: CertifiedQuery): number {
  const chosen = plan.statistics.map((statistic, j) => ({ statistic, histogram: counters.histograms[j] }));
  const used = [...chosen.slice(0, 8), chosen.at(-1)!];
  let least = Infinity;
  for (const { statistic, histogram } of used) {
    const { levels } = statistic;
    // the histogram spans −4.5 to 8.5 deviations
    const place = (deviations: number): number =>
      Math.min(levels.length - 2, Math.round(((deviations + 4.5) / 13) * (levels.length - 1)));
    const deviations = Array.from({ length: 24 }, (_, i) =>
      i < 12 ? -2 + (i * 3.8) / 11 : 2 + ((i - 12) * 5) / 11,
    );
    const places = [...new Set(deviations.map(place))];
    const exceedance = places.map((j) =>
      clopperPearsonUpper(above(histogram, j), samples, ALPHA / used.length / 24),
    );
    const law = {
      thresholds: places.map((j) => levels[j]),
      exceedance,
      low: statistic.low,
      high: levels.at(-1)!,
    };
    least = Math.min(least, distributionRadius(law, 0, SIGMA));
  }
  return least;
}

/** The same with the observed shares in place of bounds. */
function ceiling({ plan, counters, samples }: CertifiedQuery): number {
  let least = Infinity;
  for (const [j, statistic] of plan.statistics.entries()) {
    const { levels } = statistic;
    const thresholds = levels.slice(0, -1);
    const exceedance = Float64Array.from(thresholds, (_, i) => above(counters.histograms[j], i) / samples);
    least = Math.min(
      least,
      distributionRadius({ thresholds, exceedance, low: statistic.low, high: levels.at(-1)! }, 0, SIGMA),
    );
  }
  return Math.min(least, 6 * SIGMA); // no sample at all above the level: beyond what these samples can tell
}

function paperCeiling({ plan, counters }: CertifiedQuery): number {
  const squared = squaredDistances(view, meanEmbedding(counters));
  const positive = new Set(plan.positives);
  let a = Infinity;
  let b = Infinity;
  for (const [item, d] of squared.entries()) {
    if (positive.has(item)) a = Math.min(a, d);
    else b = Math.min(b, d);
  }
  return lipschitzRadius(minimumMargin(Math.sqrt(a), Math.sqrt(b)), SIGMA);
}
