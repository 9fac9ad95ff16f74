import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../test/helpers/random.ts';
import { addCount, emptyCounters, type LabelCounts } from '../certify/index.ts';
import { KernelMemory } from '../kernel/index.ts';
import { CountingKernel } from './counting-kernel.ts';
import type { ScanSet, TaskQuery } from './protocol.ts';
import { Tally } from './tally.ts';

const DIMENSION = 4;
const LABELS = 5;

interface World {
  vectors: number[][];
  labels: number[];
  embeddings: number[][];
  exclude: number | null;
  duel: number;
}

const inner = (x: readonly number[], y: readonly number[]): number =>
  x.reduce((sum, value, i) => sum + value * y[i], 0);
const apart = (x: readonly number[], y: readonly number[]): number =>
  Math.hypot(...x.map((value, i) => value - y[i]));
const single = (vector: readonly number[]): number[] => vector.map(Math.fround);

/** Random items, some of them twice under two labels, and embeddings, some of them on an item. */
function worldOf(seed: number, items: number, rows: number): World {
  const random = new Random(seed);
  const vectors: number[][] = [];
  for (let i = 0; i < items; i++)
    vectors.push(
      i > 2 && random.uniform() < 0.2
        ? vectors[random.integer(i)]
        : single(random.direction(DIMENSION, 0.9 + 0.1 * random.uniform())),
    );
  const embeddings = Array.from({ length: rows }, () => single(random.direction(DIMENSION)));
  return {
    vectors,
    labels: vectors.map(() => random.integer(LABELS)),
    embeddings,
    exclude: random.uniform() < 0.5 ? random.integer(items) : null,
    duel: random.integer(LABELS),
  };
}

function count({ vectors, labels, embeddings, exclude, duel }: World, beyond?: TaskQuery['beyond']) {
  const labelCount = Math.max(LABELS, ...labels.map((label) => label + 1));
  const memory = KernelMemory.createSync();
  const items = vectors.length;
  const bytes = (length: number): number => memory.allocate(4 * length);
  const space = {
    bias: bytes(items),
    labels: bytes(items),
    index: bytes(2 * items),
    anchor: bytes(2 * items),
    weight: bytes(2 * items),
    offset: bytes(2 * items),
    seen: bytes(labelCount),
    found: bytes(labelCount),
  };
  const scores = bytes(embeddings.length * items);
  memory
    .f32(scores, embeddings.length * items)
    .set(embeddings.flatMap((h) => vectors.map((v) => inner(h, v))));
  const scan: ScanSet = {
    columns: new Float32Array(),
    count: items,
    bias: Float32Array.from(vectors, (v) => -inner(v, v) / 2),
    labels: Int32Array.from(labels),
    labelCount,
  };
  const query = { exclude, duel, beyond, statistics: [] } as unknown as TaskQuery;
  const counters = emptyCounters(DIMENSION, []);
  const tally = new Tally(new CountingKernel(memory), space, scan, query, DIMENSION);
  tally.count(counters, Float32Array.from(embeddings.flat()), DIMENSION, scores, embeddings.length);
  return counters;
}

/** The nearest distance of each label, in float64. */
const nearestOf = ({ vectors, labels, exclude }: World, h: readonly number[]): number[] =>
  Array.from({ length: Math.max(LABELS, ...labels.map((label) => label + 1)) }, (_, label) =>
    Math.min(
      Infinity,
      ...vectors.filter((_, i) => labels[i] === label && i !== exclude).map((v) => apart(h, v)),
    ),
  );

/** The same with its items as their own labels: of equal vectors the first. */
function instancesOf(world: World): World {
  const labels = world.vectors.map((v) => world.vectors.findIndex((other) => apart(v, other) === 0));
  return { ...world, labels, duel: labels[world.duel % labels.length] };
}

test.each([
  ['labels', (world: World): World => world],
  ['items as their own labels', instancesOf],
])('of %s duels are lost to each with an item as near, and to all without an item of its own', (_, make) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 70 }), (seed, items) => {
      const world = make(worldOf(seed, items, 30));
      const { duel } = world;
      const losses: LabelCounts = new Map();
      const votes: LabelCounts = new Map();
      let lostToAll = 0;
      for (const h of world.embeddings) {
        const near = nearestOf(world, h);
        // items so close that float32 might not tell them apart, but for those that are equal
        const close = near.some((a) => near.some((b) => a !== b && Math.abs(a - b) < 1e-5));
        fc.pre(!close);
        if (near[duel] === Infinity) lostToAll++;
        else
          for (let l = 0; l < near.length; l++) if (l !== duel && near[l] <= near[duel]) addCount(losses, l);
        const least = Math.min(...near);
        const winners = near.flatMap((d, label) => (d === least && d < Infinity ? [label] : []));
        if (winners.length === 1) addCount(votes, winners[0]);
      }
      const found = count(world);
      expect({ losses: found.losses, lostToAll: found.lostToAll, votes: found.votes }).toEqual({
        losses,
        lostToAll,
        votes,
      });
      expect(found.untold).toBe(30 - [...votes.values()].reduce((sum, value) => sum + value, 0));
      // a vote for the label is a sample that it lost to nobody
      expect(found.votes.get(duel) ?? 0).toBeLessThanOrEqual(
        30 - Math.max(0, ...found.losses.values()) - found.lostToAll,
      );
    }),
    { seed: 3, numRuns: 300 },
  );
});

test('an embedding to which an item outside the scan may be nearer is lost to all', () => {
  const world = worldOf(7, 40, 60);
  const point = Float32Array.from(single(new Random(9).direction(DIMENSION)));
  const farDistance = 1.7;
  const found = count(world, { point, farDistance });
  const may = world.embeddings.filter(
    (h) => nearestOf(world, h)[world.duel] >= farDistance - apart(h, [...point]) - 1e-4,
  );
  expect(found.lostToAll).toBe(may.length);
  expect(may.length).toBeGreaterThan(5);
  expect(may.length).toBeLessThan(55);
});
