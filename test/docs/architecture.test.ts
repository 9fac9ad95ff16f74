/** docs/architecture.md shows the table that the code is held to; files and sections that documents and comments name exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

/** The text of every comment of src/, with its file. */
function commentsOf(): { file: string; comment: string }[] {
  const files = readdirSync(at('src'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => /(?<!generated)\.ts$/.test(file))
    .flatMap((file) =>
      [...readFileSync(at(`src/${file}`), 'utf8').matchAll(/\/\*\*[\s\S]*?\*\/|^ *\/\/.*$/gm)].map(
        ([comment]) => ({ file, comment }),
      ),
    );
}

test('every file that a document names exists', () => {
  const documents = readdirSync(at('docs')).filter((name) => name.endsWith('.md'));
  const named = documents.flatMap((name) =>
    [...readFileSync(at(`docs/${name}`), 'utf8').matchAll(/`((?:src|test|tools|bench)\/[\w./-]+)`/g)].map(
      ([, path]) => path,
    ),
  );
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter((path) => !existsSync(at(path)))).toEqual([]);
});

test('every file that a comment names exists: in its folder, in src/ or from the root', () => {
  const missing = commentsOf().flatMap(({ file, comment }) =>
    [...comment.matchAll(/(?<![\w./@-])((?:[\w-]+\/)+[\w.-]+\.ts)\b/g)]
      .map(([, path]) => path)
      .filter(
        (path) => ![path, `src/${path}`, join('src', dirname(file), path)].some((one) => existsSync(at(one))),
      )
      .map((path) => `${file}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test('every section of certificates.md that a comment names exists', () => {
  const headings = readFileSync(at('docs/certificates.md'), 'utf8').matchAll(/^## (\d+)\. /gm);
  const sections = new Set([...headings].map(([, number]) => number));
  const named = commentsOf().flatMap(({ file, comment }) =>
    // a subsection is of another source
    [...comment.matchAll(/§(\d+)(?!\.?\d)/g)].map(([, number]) => ({ file, number })),
  );
  expect(named.length).toBeGreaterThan(25);
  expect(named.filter(({ number }) => !sections.has(number))).toEqual([]);
});

test('the line that turns counts into a radius is where it is said to be', () => {
  const code = readFileSync(at('src/certify/certify.ts'), 'utf8');
  expect(code.split('METHODS[method](view, options)')).toHaveLength(2);
});
