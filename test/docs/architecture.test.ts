/** docs/architecture.md shows the table that the code is held to, and names files and symbols that exist. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { drawArchitecture } from '../../tools/figures/architecture.ts';
import { ARCHITECTURE_DOCS, withTable } from '../../tools/write-architecture-docs.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const text = readFileSync(ARCHITECTURE_DOCS, 'utf8');

test('the table and the picture are those of tools/architecture.ts', () => {
  expect(text === withTable(text), 'stale: run tsx tools/write-architecture-docs.ts').toBe(true);
  expect(text).toContain('](figures/architecture.svg)');
  const drawn = readFileSync(at('docs/figures/architecture.svg'), 'utf8') === drawArchitecture();
  expect(drawn, 'stale: run tsx tools/figures/write.ts').toBe(true);
});

test('every file that is named exists', () => {
  const named = [...text.matchAll(/`((?:src|test|tools)\/[\w./-]+)`/g)].map(([, path]) => path);
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((path) => !existsSync(at(path)))).toEqual([]);
});

test('the line that turns counts into a radius is where it is said to be', () => {
  const code = readFileSync(at('src/certify/certify.ts'), 'utf8');
  expect(code.split('METHODS[method](view, options)')).toHaveLength(2);
});
