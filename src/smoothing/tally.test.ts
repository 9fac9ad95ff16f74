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

function count({ vectors, labels, embeddings, exclude, duel }: World) {
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
    found: bytes(items),
  };
  const scores = bytes(embeddings.length * items);
  memory
    .f32(scores, embeddings.length * items)
    .set(embeddings.flatMap((h) => vectors.map((v) => inner(h, v))));
  const scan: ScanSet = {
    columns: Float32Array.from(
      Array.from({ length: DIMENSION }, (_, d) => vectors.map((vector) => vector[d])).flat(),
    ),
    count: items,
    bias: Float32Array.from(vectors, (v) => -inner(v, v) / 2),
    labels: Int32Array.from(labels),
    labelCount,
  };
  const query = { exclude, duel, statistics: [] } as unknown as TaskQuery;
  const counters = emptyCounters(DIMENSION, []);
  const tally = new Tally(new CountingKernel(memory), space, scan, query, DIMENSION);
  tally.count(counters, Float32Array.from(embeddings.flat()), scores, embeddings.length);
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
        // items so close that float64 might not tell them apart, but for those that are equal
        const close = near.some((a) => near.some((b) => a !== b && Math.abs(a - b) < 1e-12));
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

test('items that float32 cannot tell apart are told apart', () => {
  const world: World = {
    vectors: [single([0.6, 0.8, 0, 0]), single([0.6, 0.8, 1e-4, 0]), single([0.6, 0.8, 0, 0])],
    labels: [0, 1, 0],
    embeddings: [single([0, 1, 0, 0]), single([0.6, 0.8, 6e-5, 0])],
    exclude: null,
    duel: 0,
  };
  const found = count(world);
  expect(found.votes).toEqual(
    new Map([
      [0, 1],
      [1, 1],
    ]),
  );
  expect(found.losses).toEqual(new Map([[1, 1]]));
});
