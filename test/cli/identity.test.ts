/** Instance search on the command line: items as their own labels. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRows, run, succeed, temporary, writeDataset, writeMatchingEncoder } from './support.ts';

const at = temporary();
let model: string;
let small: string[];

beforeAll(async () => {
  model = await writeMatchingEncoder(at('model', 'model.onnx'));
  await writeDataset(at('items'), { perClass: 3, seed: 5 });
  // one picture stands there twice, in another class
  await cp(at('items', 'ant', '0.png'), at('items', 'bee', 'copy.png'));
  small = ['--model', model, '--threads', '1', '--quiet'];
  await succeed('index', '--data', at('items'), '--samples', '0', '--out', at('gallery'), small);
});

const certify = (out: string, ...more: string[]): string[] =>
  [
    ['certify', '--sigma', '0.03', '--samples', '2000', '--selection', '64', '--method', 'duel,vote,cdf'],
    ['--identity', '--out', at(out)],
    small,
    more,
  ].flat();

/** The id that stands for an item: of equal ones the first. */
const identityOf = (id: string): string => (id === 'bee/copy.png' ? 'ant/0.png' : id);

describe('pictures that look for themselves', () => {
  test('certifies single items: each its own label, equal ones one', async () => {
    const { stdout } = await succeed(certify('own', '--data', at('items'), '--gallery', at('gallery')));
    const rows = await readRows(at('own'));
    expect(rows).toHaveLength(13);
    for (const { query, label, hasPositive, nearest, base, methods, duel } of rows) {
      expect({ label, hasPositive, base }).toEqual({
        label: identityOf(query),
        hasPositive: true,
        base: { predicted: identityOf(query), score: 1 },
      });
      for (const item of nearest) expect(item.label).toBe(identityOf(item.id));
      for (const found of Object.values(methods))
        if (found.kind === 'certified') expect(found.label).toMatch(/^(ant|bee|cat|dog)\/\d\.png$/);
      if (methods.duel?.kind === 'certified') expect(methods.duel.label).toBe(duel?.predicted);
    }
    const certified = rows.filter(({ methods }) => methods.duel?.kind === 'certified');
    expect(certified.length).toBeGreaterThan(5);
    const copy = rows.filter(({ query }) => identityOf(query) === 'ant/0.png');
    expect(copy.map(({ methods }) => methods.duel!.label)).toEqual(['ant/0.png', 'ant/0.png']);
    expect(stdout).toContain('Recall@1: base 1.0000');
  });

  test('is resumed to the same rows, reported and audited', async () => {
    const rows = await readFile(at('own', 'rows.jsonl'), 'utf8');
    await writeFile(at('own', 'rows.jsonl'), rows.split('\n').slice(0, 5).join('\n') + '\n');
    await succeed(certify('own', '--data', at('items'), '--gallery', at('gallery')));
    const seconds = (text: string): string => text.replace(/"seconds":[\d.]+/g, '');
    expect(seconds(await readFile(at('own', 'rows.jsonl'), 'utf8'))).toBe(seconds(rows));
    await succeed('report', at('own'), '--out', at('report.html'), '--quiet');
    const audit = ['--samples', '100', '--steps', '2', '--restarts', '1', '--limit', '2', '--seed', '9'];
    const { stdout } = await succeed('audit', at('own'), '--out', at('audit'), audit, [
      '--threads',
      '1',
      '--quiet',
      '--json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ queries: 2, counterexamples: 0, failed: 0 });
  });

  test('a dataset may be its own gallery, with nothing left out', async () => {
    await succeed(certify('self', '--data', at('items'), '--gallery-samples', '20', '--limit', '6'));
    const rows = await readRows(at('self'));
    // smoothed with noise of their own, equal pictures have two vectors
    for (const { query, label } of rows) expect(label).toBe(query);
    expect(rows.filter(({ score }) => score === 1).length).toBeGreaterThan(3);
    const { options } = JSON.parse(await readFile(at('self', 'run.json'), 'utf8')) as {
      options: Record<string, unknown>;
    };
    expect(options).toMatchObject({ identity: true, leaveOneOut: false, gallery: 'the dataset' });
  });

  test('with classes it is another run', async () => {
    const args = ['--data', at('items'), '--gallery', at('gallery')];
    const { code, stderr } = await run(certify('own', ...args).filter((one) => one !== '--identity'));
    expect(code).not.toBe(0);
    expect(stderr).toContain('RUN_MISMATCH');
  });

  test('each left out: the double is found, others have no item of their own', async () => {
    const args = ['--data', at('items'), '--gallery', at('gallery'), '--leave-one-out'];
    const { stderr } = await succeed(certify('out', ...args));
    expect(stderr).toMatch(/11 queries have no known item of its own/);
    for (const { query, label, hasPositive, score } of await readRows(at('out'))) {
      const double = identityOf(query) === 'ant/0.png';
      expect({ label, hasPositive, score }).toEqual({
        label: identityOf(query),
        hasPositive: double,
        score: double ? 1 : 0,
      });
    }
  });
});

describe('one class', () => {
  beforeAll(() => writeDataset(at('ants'), { perClass: 4, seed: 8, classes: ['ant'] }));
  const index = (...more: string[]): string[] =>
    [['index', '--data', at('ants'), '--samples', '0', '--out', at('one')], small, more].flat();

  test('is refused as a gallery of labels, and taken as one of items', async () => {
    expect((await run(index())).stderr).toMatch(/DATASET_LABELS.*--identity/);
    await succeed(index('--identity'));
    const args = ['--data', at('ants'), '--gallery', at('one')];
    const classes = await run(certify('ants', ...args).filter((one) => one !== '--identity'));
    expect(classes.stderr).toMatch(/DATASET_LABELS.*--identity/);
    await succeed(certify('ants', ...args));
    for (const { query, label } of await readRows(at('ants'))) expect(label).toBe(query);
  });

  test('of one picture is refused either way', async () => {
    for (const name of ['a', 'b']) await cp(at('items', 'ant', '0.png'), at('twins', 'ant', `${name}.png`));
    await succeed('index', '--data', at('twins'), '--samples', '0', '--identity', '--out', at('two'), small);
    const { stderr } = await run(certify('twins', '--data', at('twins'), '--gallery', at('two')));
    expect(stderr).toMatch(/DATASET_LABELS.*two different vectors/);
  });
});

describe('vectors without labels', () => {
  const place = (id: string, ids: string[]): string => String(ids.indexOf(identityOf(id)));
  let ids: string[];
  beforeAll(async () => {
    await cp(at('gallery', 'vectors.npy'), at('own.npy'));
    const lines = (await readFile(at('gallery', 'items.jsonl'), 'utf8')).trimEnd().split('\n');
    ids = lines.map((line) => (JSON.parse(line) as { id: string }).id);
  });

  test('are searched and certified: the answer is the number of a row', async () => {
    const images = ['ant/0.png', 'cat/1.png'].map((id) => at('items', id));
    const { stdout } = await succeed(
      ['query', ...images, '--gallery', at('own.npy'), '--identity', '--sigma', '0.03', '--samples', '2000'],
      ['--certify=duel,cdf', '--json'],
      small,
    );
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { predicted: string; methods: Record<string, { label: string }> });
    for (const [i, id] of ['ant/0.png', 'cat/1.png'].entries()) {
      const row = place(id, ids);
      expect(answers[i].predicted).toBe(row);
      expect(answers[i].methods).toMatchObject({ duel: { label: row }, cdf: { label: row } });
    }
  });

  test('are judged where the label of a query names a row', async () => {
    const queries = ['ant/0.png', 'bee/copy.png', 'cat/1.png', 'dog/2.png'];
    const labels = queries.map((id) => String(ids.indexOf(id)));
    await writeFile(
      at('items', 'queries.csv'),
      `path,label\n${queries.map((id, i) => `${id},${labels[i]}`).join('\n')}\n`,
    );
    const args = ['--data', `csv:${at('items', 'queries.csv')}`, '--gallery', at('own.npy')];
    await succeed(certify('rows', ...args));
    const rows = await readRows(at('rows'));
    expect(rows.map(({ label, hasPositive }) => ({ label, hasPositive }))).toEqual(
      queries.map((id) => ({ label: place(id, ids), hasPositive: true })),
    );
    for (const { base } of rows) expect(base.score).toBe(1);
  });

  test('that are too long or no array are refused', async () => {
    const bytes = await readFile(at('own.npy'));
    bytes.writeFloatLE(3, bytes.length - 4);
    await writeFile(at('long.npy'), bytes);
    await writeFile(at('short.npy'), bytes.subarray(0, -4));
    const ask = async (file: string): Promise<string> =>
      (await run('query', at('items', 'ant', '0.png'), '--gallery', at(file), small)).stderr;
    expect(await ask('long.npy')).toMatch(/GALLERY_INVALID.*norm at most 1/);
    expect(await ask('short.npy')).toMatch(/GALLERY_INVALID.*bytes long/);
    expect(await ask('none.npy')).toMatch(/GALLERY_INVALID.*readable/);
  });
});
