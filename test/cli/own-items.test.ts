/** Queries that stand in the gallery themselves, and trainings without a pair: mistakes that look like results. */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRows, run, succeed, temporary, writeDataset, writeMatchingEncoder } from './support.ts';

const at = temporary();
let model: string;

const certify = (out: string, ...more: string[]): string[] =>
  [
    ['certify', '--model', model, '--sigma', '0.25', '--samples', '100', '--selection', '50'],
    ['--method', 'vote', '--threads', '1', '--quiet', '--out', at(out)],
    more,
  ].flat();

beforeAll(async () => {
  model = await writeMatchingEncoder(at('model', 'model.onnx'));
  await writeDataset(at('items'), { perClass: 3, seed: 5 });
  await succeed('index', '--data', at('items'), '--model', model, '--samples', '0', '--out', at('gallery'));
});

test('a gallery of its own that was made with another preprocessing is made again', async () => {
  const own = ['--data', at('items'), '--leave-one-out', '--gallery-samples', '4'];
  const hash = async (): Promise<unknown> =>
    (JSON.parse(await readFile(at('own', 'gallery', 'gallery.json'), 'utf8')) as Record<string, unknown>)
      .preprocessingHash;
  await succeed(certify('own', ...own));
  const before = await hash();
  // stands for a kill between the gallery and run.json
  for (const name of ['run.json', 'rows.jsonl', 'summary.json']) await rm(at('own', name));
  await succeed(certify('own', ...own, '--mean', '0.5'));
  expect(await hash()).not.toBe(before);
});

describe('queries that stand in the gallery', () => {
  test('are told, with the option that leaves them out', async () => {
    const { stderr } = await succeed(certify('same', '--data', at('items'), '--gallery', at('gallery')));
    expect(stderr).toMatch(/^warning: 12 of 12 queries stand in the gallery .*--leave-one-out/m);
    const attack = ['attack', '--data', at('items'), '--gallery', at('gallery'), '--model', model];
    const small = [
      '--radius',
      '0.1',
      '--attack',
      'search',
      '--steps',
      '1',
      '--quiet',
      '--out',
      at('attacked'),
    ];
    expect((await succeed(attack, small)).stderr).toContain('12 of 12 queries stand in the gallery');
  });

  test('are known by their files under other names, and left out so', async () => {
    await mkdir(at('renamed'));
    for (const label of ['ant', 'bee'])
      await cp(at('items', label), at('renamed', `${label} photos`), { recursive: true });
    const args = ['--data', at('renamed'), '--gallery', at('gallery')];
    const { stderr } = await succeed(certify('found', ...args));
    expect(stderr).toContain('6 of 6 queries stand in the gallery');
    const original = (query: string): string => query.replace(' photos', '');
    for (const { query, nearest } of await readRows(at('found'))) expect(nearest[0].id).toBe(original(query));
    const left = await succeed(certify('left', ...args, '--leave-one-out'));
    expect(left.stderr).not.toMatch(/find themselves/);
    for (const { query, nearest } of await readRows(at('left')))
      expect(nearest.map(({ id }) => id)).not.toContain(original(query));
  });

  test('others are nothing to speak of', async () => {
    await writeDataset(at('others'), { perClass: 1, seed: 99 });
    // the names of items, but other pictures
    const { stderr } = await succeed(certify('other', '--data', at('others'), '--gallery', at('gallery')));
    expect(stderr).not.toMatch(/queries stand in the gallery as the same picture/);
  });
});

test('labels and ids with control characters reach no terminal as they are', async () => {
  const evil = 'a\n\u001b[31mwarning: all is well\u202e';
  await cp(at('items'), at('evil'), { recursive: true });
  const rows = ['ant/0.png', 'bee/0.png'].map((path, i) => `${path},"${i === 0 ? evil : 'b'}"`);
  await writeFile(at('evil', 'l.csv'), `path,label\n${rows.join('\n')}\n"gone\n\u001b[0m.png",c\n`);
  const indexed = await succeed(
    ['index', '--data', at('evil', 'l.csv'), '--model', model, '--samples', '0'],
    ['--quiet', '--out', at('of-evil')],
  );
  const asked = [
    'query',
    at('evil', 'ant', '0.png'),
    '--gallery',
    at('of-evil'),
    '--model',
    model,
    '--quiet',
  ];
  const answered = await succeed(asked);
  for (const text of [indexed.stderr, answered.stdout]) {
    expect(text).not.toMatch(/[^\P{Cc}\n]|\u202e/u); // line ends are ours
    expect(text).not.toContain('\nwarning: all is well');
  }
  expect(answered.stdout).toContain('warning: all is well');
});

describe('a training without positive pairs is refused before it starts', () => {
  const train = (data: string, ...more: string[]): string[] =>
    [
      ['train', '--data', at(data), '--backbone', 'conv4', '--height', '8', '--width', '8', '--dim', '4'],
      ['--epochs', '1', '--threads', '1', '--quiet', '--batch', '8', '--out', at('trained')],
      more,
    ].flat();

  test.each([
    ['classes of one picture', 'singles', [], 'classes with at least two pictures'],
    ['one picture of a class in a batch', 'items', ['--images-per-class', '1'], '--images-per-class'],
  ])('%s', async (_what, data, more, told) => {
    await writeDataset(at('singles'), { perClass: 1, seed: 3 });
    const { code, stderr, stdout } = await run(train(data, ...more));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(told);
    expect(stderr).toContain('--loss proxy-anchor');
    await expect(readFile(at('trained', 'model.onnx'))).rejects.toThrow(/ENOENT/);
  });
});
