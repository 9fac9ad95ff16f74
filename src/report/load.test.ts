import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Summary } from '../evaluate/schema.ts';
import { exampleManifest, exampleRow } from './fixtures/example.ts';
import { loadRun } from './load.ts';
import { writeReport } from './report.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'report-'));
});
afterAll(() => rm(root, { recursive: true }));

const summary: Summary = {
  failed: 0,
  queries: 2,
  skipped: 1,
  withoutPositive: 0,
  k: 1,
  radii: [0],
  recallAt1: { base: 1, smoothed: 1 },
  methods: {},
  samples: { total: 2000, perQueryMean: 1000 },
  stopped: { samples: 2 },
  seconds: 1,
};
const rows = [exampleRow('a', 0.1), exampleRow('b', 0.2)].map((row) => `${JSON.stringify(row)}\n`).join('');
let places = 0;
/** A complete run folder, with some files replaced or (null) left out. */
async function place(files: Record<string, string | null> = {}): Promise<string> {
  const folder = join(root, `run-${places++}`);
  await mkdir(folder);
  const all = {
    'run.json': JSON.stringify(exampleManifest()),
    'rows.jsonl': rows,
    'summary.json': JSON.stringify(summary),
    'skipped.jsonl': '{"query": "c", "error": "broken"}\n',
    ...files,
  };
  for (const [name, text] of Object.entries(all))
    if (text !== null) await writeFile(join(folder, name), text);
  return folder;
}

test('a complete run', async () => {
  const run = await loadRun(await place());
  expect(run).toMatchObject({ name: 'run-0', manifest: exampleManifest(), summary, notes: [] });
  expect(run.rows).toEqual([exampleRow('a', 0.1), exampleRow('b', 0.2)]);
  expect(run.skipped).toEqual([{ query: 'c', error: 'broken' }]);
});

test('options that are not known here are kept', async () => {
  const manifest = exampleManifest();
  manifest.options.thresholds = 24;
  expect(
    (await loadRun(await place({ 'run.json': JSON.stringify(manifest) }))).manifest.options.thresholds,
  ).toBe(24);
});

test('a run that was killed: the cut last line is left out and told, as is the missing end', async () => {
  const folder = await place({
    'rows.jsonl': rows.slice(0, -30),
    'summary.json': null,
    'skipped.jsonl': null,
  });
  const run = await loadRun(folder);
  expect(run.rows.map(({ query }) => query)).toEqual(['a']);
  expect(run.notes).toEqual([
    'The last line of rows.jsonl was cut off and is left out.',
    'The run has not ended: what follows counts what is finished so far: 1 query.',
  ]);
});

test('a last line that lacks only its line feed counts', async () => {
  expect((await loadRun(await place({ 'rows.jsonl': rows.trimEnd() }))).rows).toHaveLength(2);
});

test('a summary of other rows is told', async () => {
  const run = await loadRun(await place({ 'rows.jsonl': rows.split('\n')[0] }));
  expect(run.notes[0]).toMatch(/speaks of 2 queries and rows.jsonl of 1/);
});

test.each([
  ['no run.json', { 'run.json': null }, 'run.json to be readable'],
  ['no rows', { 'rows.jsonl': null }, 'rows.jsonl to be readable'],
  ['another format', { 'run.json': '{"format": "other"}' }, "'format'"],
  ['a manifest cut off', { 'run.json': '{"format": "retr' }, 'run.json to be JSON'],
  ['a broken line inside', { 'rows.jsonl': `{"query": \n${rows}` }, 'line 1 of'],
  ['a wrong field', { 'rows.jsonl': rows.replace('"score":1', '"score":2') }, "'score'"],
  [
    'an endless radius',
    { 'rows.jsonl': rows.replace('"radius":0.1,', '"radius":1e999,') },
    "'methods.cdf.radius'",
  ],
  ['a query twice', { 'rows.jsonl': rows + rows }, "is about 'a' too"],
  ['a wrong summary', { 'summary.json': '{}' }, 'summary.json to be right'],
])('refuses %s', async (_, files, told) => {
  await expect(loadRun(await place(files))).rejects.toThrow(
    expect.objectContaining({ code: 'RUN_INVALID', message: expect.stringContaining(told) }),
  );
});

test('writes a report whole, replacing a former one, and tells where it cannot', async () => {
  const path = join(root, 'deep', 'er', 'report.html');
  await writeReport(path, 'first');
  await writeReport(path, 'second ✓');
  expect(await readFile(path, 'utf8')).toBe('second ✓');
  expect(await readdir(join(root, 'deep', 'er'))).toEqual(['report.html']);
  const unwritable = expect.objectContaining({ code: 'OUTPUT_UNWRITABLE' });
  await expect(writeReport(join(root, 'deep'), 'x')).rejects.toThrow(unwritable); // a folder stands there
  await expect(writeReport(join(path, 'below.html'), 'x')).rejects.toThrow(unwritable);
  expect(await readdir(root)).not.toContainEqual(expect.stringMatching(/^\.deep/));
});
