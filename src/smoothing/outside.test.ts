import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../test/helpers/random.ts';
import {
  addCount,
  emptyCounters,
  type GalleryView,
  groupTerms,
  type LabelCounts,
  type QueryPlan,
  scanNearest,
  tieAllowance,
} from '../certify/index.ts';
import { KernelMemory } from '../kernel/index.ts';
import { CountingKernel } from './counting-kernel.ts';
import { emptySurvey, outsideOf, survey } from './outside.ts';
import { OutsideSearch, searchFloats, type SearchSpace } from './outside-search.ts';
import type { TaskQuery } from './protocol.ts';
import { scannedQuery, scanSet } from './scan.ts';
import { headErrors, lossOfOrthogonality, shareGallery, type SharedGallery } from './shared-gallery.ts';
import { Tally } from './tally.ts';

const ROWS = 24;
const LABELS = 6;

/** How items lie: anywhere, in clusters, many of them twice, all at one distance from the mean. */
const KINDS = ['random', 'clustered', 'duplicates', 'equal distances'] as const;

interface World {
  gallery: GalleryView;
  mean: Float64Array;
  /** [ROWS × dimension] */
  embeddings: Float32Array;
  exclude: number | null;
  most: number;
}

function worldOf(seed: number, kind: (typeof KINDS)[number]): World {
  const random = new Random(seed);
  const dimension = kind === 'equal distances' ? 2 + random.integer(4) : 2 + random.integer(40);
  const count = 30 + random.integer(200);
  const centres = Array.from({ length: 5 }, () => random.direction(dimension));
  const unit = (x: readonly number[], length = 1): number[] =>
    x.map((value) => Math.fround((length * value) / Math.hypot(...x)));
  const rows: number[][] = [];
  for (let i = 0; i < count; i++) {
    const centre = centres[random.integer(5)];
    if (kind === 'duplicates' && i > 3 && random.uniform() < 0.6) rows.push(rows[random.integer(i)]);
    else if (kind === 'clustered')
      rows.push(unit(centre.map((x) => x + (0.3 * random.normal()) / Math.sqrt(dimension))));
    // the unit vectors and their opposites, each many times: equally far from 0
    else if (kind === 'equal distances')
      rows.push(centre.map((_, j) => (j === i % dimension ? (i % 3 === 0 ? 1 : -1) : 0)));
    else rows.push(unit(random.direction(dimension), 0.8 + 0.2 * random.uniform()));
  }
  const start = rows[random.integer(count)];
  const noise = (0.2 + 0.6 * random.uniform()) / Math.sqrt(dimension);
  const embeddings = Float32Array.from(
    Array.from({ length: ROWS }, (_, i) =>
      i % 8 === 0 ? unit(rows[random.integer(count)]) : unit(start.map((x) => x + noise * random.normal())),
    ).flat(),
  );
  return {
    gallery: {
      vectors: Float32Array.from(rows.flat()),
      dimension,
      count,
      labelIndex: Int32Array.from(rows, () => random.integer(LABELS)),
    },
    mean: Float64Array.from(start, (x) => (kind === 'equal distances' ? 0 : 0.9 * x)),
    embeddings,
    exclude: random.uniform() < 0.5 ? random.integer(count) : null,
    most: 3 + random.integer(12),
  };
}

/** A plan with a group of all negatives that are scanned, and of all that are not. */
function planOf({ gallery, mean, exclude, most }: World): QueryPlan {
  const scanned = scanNearest(gallery, mean, { most, exclude })!;
  const [anchor] = scanned.items;
  const label = gallery.labelIndex[anchor];
  const isOutside = (item: number): boolean =>
    !scanned.items.includes(item) && item !== exclude && gallery.labelIndex[item] !== label;
  const members = scanned.items.filter((item) => gallery.labelIndex[item] !== label);
  const apart = Float32Array.from(members, (item) =>
    Math.sqrt(squareOf(gallery, item, rowOf(gallery, anchor))),
  );
  const half = (item: number): number => squareOf(gallery, item, new Float32Array(gallery.dimension)) / 2;
  const group = {
    kind: 'group',
    members,
    anchors: members.map(() => anchor),
    weights: apart.map((length) => (length > 0 ? 1 / length : 0)),
    offsets: Float32Array.from(members, (item) => half(anchor) - half(item)),
    // none where an item outside may be the anchor itself
    outside: groupTerms(gallery, [], anchor, scanned, isOutside) && anchor,
    origin: -1,
    width: 1e-3,
    bins: 3000,
  };
  return {
    scanned,
    exclude,
    vote: { label },
    positives: Int32Array.from({ length: gallery.count }, (_, item) => item).filter(
      (item) => gallery.labelIndex[item] === label && item !== exclude,
    ),
    statistics: [group],
  } as unknown as QueryPlan;
}

const rowOf = ({ vectors, dimension }: GalleryView, item: number): Float32Array =>
  vectors.subarray(item * dimension, (item + 1) * dimension);

function squareOf(gallery: GalleryView, item: number, x: Float32Array): number {
  let sum = 0;
  for (const [d, value] of rowOf(gallery, item).entries()) sum += (x[d] - value) ** 2;
  return sum;
}

/** The engine's way: the scan by a product, the others by the search. */
async function engine(world: World, plan: QueryPlan, error?: number) {
  const { gallery, mean, embeddings } = world;
  const { dimension } = gallery;
  const shared = await shareGallery(gallery);
  const made = emptySurvey(shared, mean);
  survey(shared, made, 0, gallery.count);
  const outside = outsideOf(shared, made, plan)!;
  const memory = KernelMemory.createSync();
  const kernel = new CountingKernel(memory);
  const query = { ...scannedQuery(gallery, plan, LABELS), outside } as unknown as TaskQuery;
  const scan = scanSet(gallery, plan.scanned!.items, LABELS);
  const floats = (length: number): number => memory.allocate(4 * length);
  const space = {
    bias: floats(scan.count),
    labels: floats(scan.count),
    index: floats(2 * scan.count),
    anchor: floats(2 * scan.count),
    weight: floats(2 * scan.count),
    offset: floats(2 * scan.count),
    found: floats(scan.count),
  };
  const scores = floats(ROWS * scan.count);
  const search = searchSpace(memory, shared);
  const table = memory.f32(scores, ROWS * scan.count);
  for (let row = 0; row < ROWS; row++)
    for (let i = 0; i < scan.count; i++)
      for (let d = 0; d < dimension; d++)
        table[row * scan.count + i] += embeddings[row * dimension + d] * scan.columns[d * scan.count + i];
  const tally = new Tally(kernel, space, scan, query, dimension, shared);
  const find = await OutsideSearch.create(kernel, shared.head, dimension);
  const levels = tally.levels(embeddings, scores, ROWS);
  const found = await find.find(search, outside, embeddings, levels, error);
  await find.release();
  const counters = emptyCounters(dimension, [plan.statistics[0].bins]);
  tally.count(counters, embeddings, scores, ROWS, found);
  return { counters, found, levels, squared: made.squared };
}

function searchSpace(memory: KernelMemory, { head }: SharedGallery): SearchSpace {
  const room = searchFloats(OutsideSearch.widthOf(head));
  const at = Object.entries(room).map(
    ([name, length]) => [name, memory.allocate(4 * length), length] as const,
  );
  return Object.fromEntries(
    at.map(([name, pointer, length]) => [
      name,
      name === 'found' ? memory.i32(pointer, length) : memory.f32(pointer, length),
    ]),
  ) as unknown as SearchSpace;
}

/** The whole gallery, item by item, in float64. */
function bruteForce({ gallery, embeddings, exclude }: World, { vote, statistics, positives }: QueryPlan) {
  const tie = tieAllowance(gallery.dimension);
  const votes: LabelCounts = new Map();
  const losses: LabelCounts = new Map();
  const values: number[] = [];
  let [untold, lostToAll] = [0, 0];
  const items = Array.from({ length: gallery.count }, (_, item) => item).filter((item) => item !== exclude);
  const anchor = statistics[0].outside ?? 0;
  for (let row = 0; row < ROWS; row++) {
    const h = embeddings.subarray(row * gallery.dimension, (row + 1) * gallery.dimension);
    const near = new Map<number, number>();
    let value = -0.5;
    for (const item of items) {
      const label = gallery.labelIndex[item];
      const square = squareOf(gallery, item, h);
      near.set(label, Math.min(square, near.get(label) ?? Infinity));
      if (positives.includes(item)) continue;
      const apart = Math.sqrt(squareOf(gallery, item, rowOf(gallery, anchor)));
      if (apart > 0) value = Math.max(value, (squareOf(gallery, anchor, h) - square) / (2 * apart));
    }
    values.push(value);
    const own = near.get(vote.label);
    if (own === undefined) lostToAll++;
    else
      for (const [label, square] of near)
        if (label !== vote.label && square <= own + tie) addCount(losses, label);
    const least = Math.min(...near.values());
    const winners = [...near].filter(([, square]) => square <= least + tie);
    if (winners.length === 1) addCount(votes, winners[0][0]);
    else untold++;
  }
  return { votes, losses, untold, lostToAll, values };
}

const sorted = (counts: LabelCounts): [number, number][] => [...counts].sort(([a], [b]) => a - b);

describe('a gallery of which a part is scanned', () => {
  test.each(KINDS)('decides as the whole gallery does: %s', async (kind) => {
    let outside = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
        const world = worldOf(seed, kind);
        const plan = planOf(world);
        const truth = bruteForce(world, plan);
        const { counters, found } = await engine(world, plan);
        expect(sorted(counters.votes)).toEqual(sorted(truth.votes));
        expect(sorted(counters.losses)).toEqual(sorted(truth.losses));
        expect([counters.untold, counters.lostToAll, counters.samples]).toEqual([
          truth.untold,
          truth.lostToAll,
          ROWS,
        ]);
        // the statistic is that of all negatives, to the rounding of its scanned ones; equal vectors of both classes have no term
        const bins = new Map<number, number>();
        for (const [bin, count] of counters.histograms[0].entries()) if (count > 0) bins.set(bin, count);
        const counted = [...bins].flatMap(([bin, count]) => Array.from({ length: count }, () => bin));
        const exact = truth.values.map((value) => Math.floor((value + 1) / 1e-3)).sort((x, y) => x - y);
        if (kind === 'random' || kind === 'clustered')
          for (const [i, bin] of counted.sort((x, y) => x - y).entries())
            expect(Math.abs(bin - exact[i])).toBeLessThanOrEqual(1);
        outside += found.flat().length;
      }),
      { seed: 5, numRuns: 25 },
    );
    expect(outside).toBeGreaterThan(0);
  });

  test('a bound without its rounding leaves nearer items out', async () => {
    let missed = 0;
    for (let seed = 1; seed < 40 && missed === 0; seed++) {
      const world = worldOf(seed, 'equal distances');
      const plan = planOf(world);
      const truth = bruteForce(world, plan);
      const { counters } = await engine(world, plan, -0.05);
      if (JSON.stringify(sorted(counters.losses)) !== JSON.stringify(sorted(truth.losses))) missed++;
    }
    expect(missed).toBeGreaterThan(0);
  });
});

test('every item whose score reaches a level is found, and its bound is off by no more than is said', async () => {
  const world = worldOf(12, 'clustered');
  const plan = planOf(world);
  const { gallery, embeddings } = world;
  const { found, levels, squared } = await engine(world, plan);
  for (let row = 0; row < ROWS; row++) {
    const h = rowOf({ ...gallery, vectors: embeddings }, row);
    for (let item = 0; item < gallery.count; item++) {
      if (plan.scanned!.items.includes(item) || item === world.exclude) continue;
      const own = squareOf(gallery, item, new Float32Array(gallery.dimension));
      const score = (h.reduce((sum, x) => sum + x * x, 0) + own - squareOf(gallery, item, h)) / 2 - own / 2;
      if (score >= levels[row]) expect(found[row]).toContain(item);
    }
  }
  const point = Float32Array.from(world.mean);
  for (const [item, square] of squared.entries())
    expect(square).toBeCloseTo(squareOf(gallery, item, point), 5);
});

test('the loss of orthogonality is measured, and its price grows with it', () => {
  const basis = Float32Array.of(1, 0, 0, 0.01, 1, 0);
  expect(lossOfOrthogonality(basis, 3)).toBeCloseTo(Math.hypot(0.01, 0.01, 1e-4), 6);
  const [none, some] = [headErrors(256, 32, 0), headErrors(256, 32, 1e-3)];
  expect(none.score).toBeGreaterThan(0);
  expect(some.score).toBeGreaterThan(none.score + 3e-3);
  expect(some.tail).toBeGreaterThan(none.tail + 1e-3);
});
