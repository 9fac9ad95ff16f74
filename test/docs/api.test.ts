/** docs/api: generated from the doc comments, complete and not stale. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const tool = fileURLToPath(new URL('../../tools/api/', import.meta.url));
const docs = fileURLToPath(new URL('../../docs/api/', import.meta.url));

let made: string;

// an export without a doc comment, or a link to nothing, is an error of the generator (tools/api/typedoc.json)
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'api-'));
  await promisify(execFile)(process.execPath, ['node_modules/typedoc/bin/typedoc', '--out', made], {
    cwd: tool,
  });
}, 300_000);

afterAll(() => rm(made, { recursive: true, force: true }));

test('docs/api is what `npm run docs:api` writes', async () => {
  const files = await readdir(made);
  expect(await readdir(docs)).toEqual(files);
  for (const file of files)
    expect({ file, text: await readFile(join(docs, file), 'utf8') }).toEqual({
      file,
      text: await readFile(join(made, file), 'utf8'),
    });
});

test('every entry of the package has a page', async () => {
  const { exports } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    exports: Record<string, unknown>;
  };
  const entries = Object.keys(exports).filter((name) => !name.endsWith('.json'));
  const pages = entries.map((name) => (name === '.' ? 'retrievalguard.md' : `${name.slice(2)}.md`));
  expect((await readdir(docs)).filter((name) => name !== 'README.md')).toEqual(pages.sort());
});
