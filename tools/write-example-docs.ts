/**
 * Copies the files of examples/ into the documentation, after each line `<!-- example: examples/NAME.ts -->`:
 * `tsx tools/write-example-docs.ts`. test/docs/examples.test.ts fails while a copy is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);

/** The documents that show examples. */
export const EXAMPLE_DOCS = ['README.md', 'docs/library.md'].map((path) =>
  fileURLToPath(new URL(path, root)),
);

const BLOCK = /(<!-- example: (examples\/[a-z-]+\.ts) -->\n+```ts\n)[\s\S]*?(```)/g;

/** The examples that a document shows. */
export const examplesIn = (text: string): string[] => [...text.matchAll(BLOCK)].map(([, , path]) => path);

/** The document with every example as it is on disk. */
export function withExamples(text: string): string {
  return text.replace(
    BLOCK,
    (_all, before: string, path: string, after: string) =>
      before + readFileSync(new URL(path, root), 'utf8') + after,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of EXAMPLE_DOCS) writeFileSync(path, withExamples(readFileSync(path, 'utf8')));
}
