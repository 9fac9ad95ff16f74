/** Contestants 2 and 3: the engine's steady state, fed through the worker pool as a run feeds it. */
import type { GalleryView, QueryPlan } from '../src/certify/index.ts';
import type { EncoderInfo } from '../src/encoder/index.ts';
import type { Phase } from '../src/noise/index.ts';
import type { SamplingPool } from '../src/smoothing/sampling-pool.ts';
import type { ScanSet, TaskQuery } from '../src/smoothing/protocol.ts';
import type { BatchPolicy } from '../src/smoothing/tune.ts';
import type { Engine } from './build.ts';
import { type Contestant, timed } from './contestant.ts';

const SIGMA = 0.25;
const TILE = 64;
const SHARED = 8;
const CLASS_SIZE = 20;

/** What the samples are compared with. */
export interface Load {
  name: string;
  /** Items of the gallery. */
  items: number;
  /** Negatives with a projection and a histogram of their own; all others form a group with one. */
  criticals: number;
}

/** One class of 20 and 100 negatives, each with a projection and a histogram. */
export const PROJECTIONS: Load = { name: '100 projections', items: CLASS_SIZE + 100, criticals: 100 };

/** A plan as the command line makes it by default: 16 projections and a group of all other items of the gallery. */
export function wholeGallery(items: number): Load {
  return { name: `${items.toLocaleString('en')} items`, items, criticals: 16 };
}

/** A gallery of random unit vectors in classes of 20. */
export function randomGallery(count: number, dimension: number): GalleryView {
  const vectors = new Float32Array(count * dimension);
  let state = 7;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let row = 0; row < count; row++) {
    const vector = vectors.subarray(row * dimension, (row + 1) * dimension);
    for (let i = 0; i < dimension; i++) vector[i] = uniform() + uniform() + uniform() - 1.5;
    const norm = Math.hypot(...vector);
    for (let i = 0; i < dimension; i++) vector[i] /= norm;
  }
  const labelIndex = Int32Array.from({ length: count }, (_, i) => Math.floor(i / CLASS_SIZE));
  return { vectors, dimension, count, labelIndex };
}

/** A picture like any other: of bytes, smooth, every query another one. [channels × height × width] in [0,1] */
export function picture({ input }: EncoderInfo, number: number): Float32Array {
  const { channels, height, width } = input;
  return Float32Array.from({ length: channels * height * width }, (_, i) => {
    const x = i % width;
    const y = Math.floor(i / width) % height;
    const c = Math.floor(i / (width * height));
    const wave = Math.sin((x * (number + 2)) / width + c) * Math.cos((y * (5 - c)) / height);
    return Math.round(128 + 102 * wave) / 255;
  });
}

/** One query, and eight that share their noise. Opens the pool once; both contestants use it. */
export async function engineContestants(
  engine: Engine,
  info: EncoderInfo,
  { batch, padded, secondsPerImage }: BatchPolicy,
  load: Load,
  threads: number,
): Promise<Contestant[]> {
  const pool = await engine.pool.SamplingPool.open({ info, provider: 'cpu', batch, padded }, threads);
  const gallery = randomGallery(load.items, info.dimension);
  const classes = Math.max(...gallery.labelIndex) + 1;
  const scan = engine.scan.scanSet(gallery, null, classes);
  pool.setGallery(scan);
  const queries: TaskQuery[] = [];
  for (let number = 0; number < SHARED; number++)
    queries.push(
      await plannedQuery(engine, pool, info, { gallery, scan, criticals: load.criticals }, number),
    );

  const contestant = (name: string, together: TaskQuery[]): Contestant => ({
    name,
    note: `${threads} threads, batch ${batch}, ${together[0].statistics.length} statistics, ${load.items} × ${info.dimension} gallery`,
    run: (samples) =>
      timed(() => {
        const count = Math.round(samples / together.length);
        return estimate(engine, pool, together, count, secondsPerImage);
      }),
    close: async () => {
      if (together.length > 1) await pool.close();
    },
  });
  return [contestant(load.name, queries.slice(0, 1)), contestant(`${load.name}, 8 queries`, queries)];
}

/** Samples each query so often; all share the noise when there are several. */
async function estimate(
  { cut }: Engine,
  pool: SamplingPool,
  queries: TaskQuery[],
  samples: number,
  secondsPerImage: number,
) {
  const tasks = [];
  const { threads } = pool;
  let first = 0;
  for (const count of cut.cutTasks(samples, { queries: queries.length, secondsPerImage, threads, unit: 1 })) {
    tasks.push(pool.run({ first, count, queries, want: 'counters', sharedNoise: queries.length > 1 }));
    first += count;
  }
  await Promise.all(tasks);
}

/** A query as a real run plans it. */
async function plannedQuery(
  engine: Engine,
  pool: SamplingPool,
  info: EncoderInfo,
  against: { gallery: GalleryView; scan: ScanSet; criticals: number },
  number: number,
): Promise<TaskQuery> {
  const { certify, planning, exactNoise } = engine;
  const { gallery, scan, criticals } = against;
  const count = TILE;
  const keyOf = (phase: Phase) => exactNoise.exactNoiseKey({ seed: 1, query: `bench ${number}`, phase });
  const pixels = picture(info, number);
  const image = engine.image.queryImage(pixels, pixels.length, SIGMA);
  const query = { image, sigma: SIGMA, key: keyOf('selection'), exclude: null, statistics: [] };
  const task = { first: 0, count, queries: [query], sharedNoise: false };
  const [{ embeddings, counters }] = await pool.run({ ...task, want: 'embeddings' });
  const planned: QueryPlan = planning.planQuery(
    gallery,
    { embeddings: embeddings!, count, votes: counters.votes },
    { budget: certify.AlphaBudget.fixed(10_000, 0.001), sigma: SIGMA, criticals },
  );
  return {
    ...query,
    key: keyOf('estimation'),
    ...engine.scan.scannedQuery(gallery, planned, scan.labelCount),
  };
}
