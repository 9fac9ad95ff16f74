import { beforeAll, expect, test } from 'vitest';
import { readRows, succeed, temporary, untimed, writeDataset, writeMatchingEncoder } from './support.ts';

const at = temporary();
let certify: string[];

beforeAll(async () => {
  const model = await writeMatchingEncoder(at('model.onnx'));
  await writeDataset(at('items'), { perClass: 3, seed: 7 });
  await writeDataset(at('queries'), { perClass: 3, seed: 8 });
  const common = ['--model', model, '--sigma', '0.25', '--quiet'];
  await succeed('index', '--data', at('items'), ...common, '--samples', '64', '--out', at('gallery'));
  // not multiples of any batch or tile
  const samples = ['--samples', '1789', '--selection', '301'];
  certify = ['certify', '--data', at('queries'), '--gallery', at('gallery'), ...common, ...samples];
});

const VARIANTS: string[][] = [
  ['--batch', '1', '--threads', '1'],
  ['--batch', '7', '--threads', '2'],
  ['--batch', '64', '--threads', '1'],
  ['--batch', 'auto', '--threads', '3'],
];

test('neither batch nor threads change a row', async () => {
  const runs = [];
  for (const [i, variant] of VARIANTS.entries()) {
    await succeed(...certify, ...variant, '--out', at(`run${i}`));
    runs.push(untimed(await readRows(at(`run${i}`))));
  }
  expect(runs[0]).toHaveLength(12);
  for (const rows of runs) expect(rows).toEqual(runs[0]);
});

test('with shared noise neither they nor the company of a query change its row', async () => {
  const shared = [...certify, '--share-noise'];
  await succeed(...shared, '--batch', '1', '--threads', '2', '--out', at('shared'));
  await succeed(...shared, '--batch', '7', '--threads', '1', '--out', at('shared7'));
  // five of the twelve queries: grouped otherwise, each with the same noise
  await succeed(...shared, '--limit', '5', '--out', at('some'));
  const rows = untimed(await readRows(at('shared')));
  expect(untimed(await readRows(at('shared7')))).toEqual(rows);
  const some = untimed(await readRows(at('some')));
  expect(some).toHaveLength(5);
  expect(some).toEqual(rows.filter(({ query }) => some.some((row) => row.query === query)));
});

test('another seed changes the samples, hardly the radii', async () => {
  const options = ['--batch', '32', '--threads', '2'];
  await succeed(...certify, ...options, '--seed', '1', '--out', at('seed1'));
  const [first, second] = [await readRows(at('run0')), await readRows(at('seed1'))];
  expect(untimed(second)).not.toEqual(untimed(first));
  for (const [i, { methods }] of first.entries()) {
    const other = second[i].methods.duel!;
    if (methods.duel!.label === other.label)
      expect(Math.abs(methods.duel!.radius - other.radius)).toBeLessThan(0.1);
  }
});
