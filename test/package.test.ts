import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { VERSION } from '../src/version.ts';
import { checkImports } from '../tools/check-imports.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  exports: Record<string, { default: string } | string>;
};

test('VERSION is that of package.json', () => {
  expect(VERSION).toBe(manifest.version);
});

test('every entry point exists in the sources', async () => {
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string') continue;
    const source = target.default.replace('./dist/', '../src/').replace(/\.js$/, '.ts');
    const module = (await import(source)) as object;
    expect({ name, exports: Object.keys(module).length > 0 }).toEqual({ name, exports: true });
  }
});

test('imports point one way', () => {
  expect(checkImports()).toEqual([]);
});
