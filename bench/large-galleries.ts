/**
 * What a certified query costs against galleries of growing size, and that its radii stay: 1,000 items around the query's pictures and clusters of others, far from them. Prints a
 * table for docs/benchmarks.md. `npx tsx bench/large-galleries.ts [--model FOLDER] [--data SPEC] [--sizes 1000,20000,20001,1000000] [--samples 1000] [--threads N] [--scanned N]`.
 */
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { CERTIFICATE_METHODS, radiusOf } from '../src/certify/index.ts';
import { openDataset } from '../src/datasets/index.ts';
import { loadImage } from '../src/image/index.ts';
import { Smoother } from '../src/smoothing/index.ts';
import { ROOT } from './build.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: join(ROOT, 'bench/models/omniglot-conv4') },
    data: { type: 'string', default: `omniglot:${join(ROOT, 'demo/omniglot-unseen.zip')}` },
    sizes: { type: 'string', default: '1000,20000,20001,1000000' },
    queries: { type: 'string', default: '3' },
    samples: { type: 'string', default: '1000' },
    threads: { type: 'string' },
    /** Items compared with every sample; default the engine's. */
    scanned: { type: 'string' },
  },
});
const SIGMA = 0.25;
const NEAR = 1000;
const smoother = await Smoother.open(values.model, {
  threads: values.threads === undefined ? undefined : Number(values.threads),
});
const { dimension, preprocessing } = smoother.info;
const { items, labels } = await openDataset(values.data, { perClass: 4 });
const queries = items.slice(0, Number(values.queries));
const known: { vector: Float64Array; label: number }[] = [];
for (const item of items.slice(queries.length, queries.length + 200)) {
  const pixels = await loadImage(await item.read(), preprocessing);
  const vector = await smoother.embed({ id: item.id, pixels }, { sigma: SIGMA, samples: 16 });
  known.push({ vector, label: labels.indexOf(item.label) });
}

let state = 7;
const uniform = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const normal = (): number => 1.7 * (uniform() + uniform() + uniform() + uniform() - 2);

/** The pictures, items beside them up to {@link NEAR}, then clusters of others opposite to them. */
function galleryOf(count: number) {
  state = 7;
  const vectors = new Float32Array(new SharedArrayBuffer(4 * count * dimension));
  const labelIndex = new Int32Array(count);
  for (let item = 0; item < count; item++) {
    const at = item * dimension;
    const { vector, label } = known[item % known.length];
    const [sign, spread] = item < known.length ? [1, 0] : item < NEAR ? [1, 1] : [-1, 0.5];
    let square = 0;
    for (let d = 0; d < dimension; d++) {
      vectors[at + d] = sign * vector[d] + (spread * normal()) / Math.sqrt(dimension);
      square += vectors[at + d] ** 2;
    }
    const scale = 0.97 / Math.sqrt(square);
    for (let d = 0; d < dimension; d++) vectors[at + d] *= scale;
    labelIndex[item] = item < known.length ? label : labels.length + (item % 5000);
  }
  return { vectors, dimension, count, labelIndex };
}

const cell = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);
cell(['items', 'opening, s', 'memory, MB', 's a query', 'ratio', ...CERTIFICATE_METHODS]);
cell(Array.from({ length: 5 + CERTIFICATE_METHODS.length }, () => '---'));
let first: number | null = null;
for (const size of values.sizes.split(',').map(Number)) {
  const gallery = galleryOf(size);
  const opening = performance.now();
  await smoother.setGallery(gallery, values.scanned === undefined ? undefined : Number(values.scanned));
  const opened = performance.now();
  const radii = CERTIFICATE_METHODS.map(() => 0);
  for (const item of queries) {
    const pixels = await loadImage(await item.read(), preprocessing);
    const stopping = { exactly: Number(values.samples) };
    const { certificates } = await smoother.certifyOnce({ id: item.id, pixels }, { sigma: SIGMA, stopping });
    for (const [i, method] of CERTIFICATE_METHODS.entries())
      radii[i] += radiusOf(certificates[method]!) / queries.length;
  }
  const seconds = (performance.now() - opened) / 1e3 / queries.length;
  first ??= seconds;
  const memory = process.memoryUsage().rss / 2 ** 20;
  cell([
    size.toLocaleString('en'),
    ((opened - opening) / 1e3).toFixed(1),
    memory.toFixed(0),
    seconds.toFixed(2),
    (seconds / first).toFixed(2),
    ...radii.map((radius) => radius.toFixed(4)),
  ]);
}
await smoother.close();
