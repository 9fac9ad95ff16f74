/** The checker of imports, on small invented trees; and that it misses no import of the real one. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { checkImports, importsOf, readSources, type Rules, violations } from '../../tools/check-imports.ts';

const row = (imports = ''): { holds: string; imports: string } => ({ holds: '', imports });
const RULES: Rules = { folders: { low: row(), high: row('low') }, runsAnywhere: ['low'] };

/** A tree without a fault. */
const GOOD: Record<string, string> = {
  'errors.ts': 'export class Fault extends Error {}',
  'low/a.ts': "import { Fault } from '../errors.ts';\nexport const a = new Fault();",
  'low/a.test.ts': "import { test } from 'vitest';\nimport { b } from '../high/b.ts';",
  'high/b.ts':
    "import { readFileSync } from 'node:fs';\nimport { a } from '../low/a.ts';\nexport const b = a;",
};
const check = (changes: Record<string, string>, rules: Partial<Rules> = {}): string[] =>
  violations(new Map(Object.entries({ ...GOOD, ...changes })), { ...RULES, ...rules });

test('imports of this project follow the table', () => {
  expect(checkImports()).toEqual([]);
});

describe('a small tree', () => {
  test('is in order, whatever its tests import', () => {
    expect(check({})).toEqual([]);
  });

  test('an edge that the table does not have, of a type too', () => {
    for (const kind of ['import', 'import type'])
      expect(check({ 'low/c.ts': `${kind} { d } from '../high/d.ts';`, 'high/d.ts': '' })).toEqual([
        "low/c.ts: imports high/d.ts, which the table does not let 'low' do",
      ]);
  });

  test('an edge that no file uses, a test does not count', () => {
    expect(check({ 'high/b.ts': '', 'high/b.test.ts': "import { a } from '../low/a.ts';" })).toEqual([
      'high: no file of it imports low',
    ]);
  });

  test('a folder without a row, and a row without a folder', () => {
    expect(check({ 'new/e.ts': '' })).toEqual(['new: no row in the table']);
    expect(check({}, { folders: { ...RULES.folders, gone: row() } })).toEqual([
      'gone: a row in the table and no such folder',
    ]);
  });

  test('a row that names itself, a later one or none', () => {
    for (const target of ['low', 'high', 'none'])
      expect(check({}, { folders: { low: row(target), high: row('low') } })).toEqual([
        `low: ${target} is no row above it`,
      ]);
  });

  test('the ground may not import a folder', () => {
    expect(check({ 'words.ts': "export { a } from './low/a.ts';" })).toEqual([
      "words.ts: imports low/a.ts, which the table does not let 'words.ts' do",
    ]);
  });

  test('an import out of src/, or of what is for tests', () => {
    expect(check({ 'high/c.ts': "import '../../tools/x.ts';\nimport './testing/y.ts';" })).toEqual([
      'high/c.ts: imports ../tools/x.ts, outside src/',
      'high/c.ts: imports high/testing/y.ts, which is for tests',
    ]);
  });

  test('a module of Node or a package, behind other files too', () => {
    const told = (way: string): string => `${way}: has to run in a browser`;
    expect(check({ 'low/c.ts': "import sharp from 'sharp';" })).toEqual([told('low/c.ts → sharp')]);
    expect(check({ 'low/c.ts': 'await import(name);' })).toEqual([told('low/c.ts → (computed)')]);
    expect(check({ 'errors.ts': "export * from './e.ts';", 'e.ts': "import 'node:os';" })).toEqual([
      told('low/a.ts → errors.ts → e.ts → node:os'),
    ]);
  });

  test('a circle of files, of types too', () => {
    expect(
      check({
        'high/c.ts': "import { d } from './d.ts';",
        'high/d.ts': "import { e } from './e.ts';",
        'high/e.ts': "import type { C } from './c.ts';",
      }),
    ).toEqual(['high/c.ts → high/d.ts → high/e.ts → high/c.ts: a circle']);
    expect(check({ 'high/c.ts': "import './c.ts';" })).toEqual(['high/c.ts → high/c.ts: a circle']);
  });
});

describe('imports', () => {
  test('of every form are found', () => {
    const code = `
import a from 'a';
import b, { type B } from "b"; // from 'not'
import type {
  C, // it's c
  /* from 'not' */
} from 'c';
import * as d from 'd';
import 'e';
export * from 'f';
export * as g from 'g';
export { h, type H } from 'h';
export type { I } from 'i';
const j: import('j').J = await import('j');
const k = await import(
  'k'
);
`;
    expect(importsOf(code)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k']);
  });

  test('comments, texts and code that look like them are not', () => {
    const code = `
// import 'a';
/* import 'b'; */
const url = 'http://x/*'; // import 'c'
const list = Array.from('d');
export const from = 'e';
const text = "import 'f'";
const path = import.meta.url;
`;
    expect(importsOf(code)).toEqual([]);
  });

  test('that the bundler finds in this project are all found', async () => {
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const { metafile } = await build({
      entryPoints: [
        'src/index.ts',
        'src/cli/main.ts',
        'src/cli/command-thread.ts',
        'src/smoothing/sampling-worker.ts',
      ],
      absWorkingDir: root,
      bundle: true,
      metafile: true,
      write: false,
      outdir: 'out',
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'error',
    });
    const sources = readSources();
    const missed = Object.entries(metafile.inputs).flatMap(([file, { imports }]) => {
      const found = importsOf(sources.get(file.replace(/^src\//, '')) ?? '');
      return imports.filter(({ original, path }) => !found.includes(original ?? path));
    });
    expect(Object.keys(metafile.inputs).length).toBeGreaterThan(250);
    expect(missed).toEqual([]);
  });
});
