/** The API pages that the published package brings: every export has its doc comment, every entry its page. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const tool = fileURLToPath(new URL('../../tools/api/', import.meta.url));

let made: string;

// an export without a doc comment, or a link to nothing, is an error of the generator (tools/api/typedoc.json)
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'api-'));
  await promisify(execFile)(process.execPath, ['node_modules/typedoc/bin/typedoc', '--out', made], {
    cwd: tool,
  });
}, 300_000);

afterAll(() => rm(made, { recursive: true, force: true }));

test('every entry of the package has a page', async () => {
  const { exports } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    exports: Record<string, unknown>;
  };
  const entries = Object.keys(exports).filter((name) => !name.endsWith('.json'));
  const pages = entries.map((name) => (name === '.' ? 'retrievalguard.md' : `${name.slice(2)}.md`));
  expect((await readdir(made)).filter((name) => name !== 'README.md')).toEqual(pages.sort());
});
