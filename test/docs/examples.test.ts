/** Every example runs, and the documents show the examples as they are. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyEncoder } from '../../src/encoder/testing/tiny-models.ts';
import { EXAMPLE_DOCS, examplesIn, withExamples } from '../../tools/write-example-docs.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');

let folder = '';
/** A path in the temporary folder. */
const at = (name: string): string => join(folder, name);

async function node(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [tsx, ...args], { cwd: root, timeout: 180_000 });
  return stdout;
}
const example = (name: string, ...args: string[]): Promise<string> => node(`examples/${name}.ts`, ...args);
const cli = (...args: string[]): Promise<string> => node('src/cli/main.ts', ...args, '--quiet');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retrievalguard-examples-'));
  await mkdir(at('encoder'));
  await writeFile(at('encoder/model.onnx'), tinyEncoder({ height: 4, width: 5 }));
  const colours = { red: '#d22', green: '#2d2', blue: '#22d' };
  for (const split of ['train', 'test']) {
    for (const [name, background] of Object.entries(colours)) {
      await mkdir(at(`photos/${split}/${name}`), { recursive: true });
      for (let i = 1; i <= 3; i++) {
        await sharp({ create: { width: 30 + i, height: 24, channels: 3, background } })
          .png()
          .toFile(at(`photos/${split}/${name}/${i}.png`));
      }
    }
  }
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

// each example is a process of its own, on a machine that may be busy
describe('examples', { timeout: 240_000 }, () => {
  it('are all shown in a document, as they are', async () => {
    const shown = new Set<string>();
    for (const path of EXAMPLE_DOCS) {
      const text = await readFile(path, 'utf8');
      for (const name of examplesIn(text)) shown.add(name);
      expect(text === withExamples(text), `${path} is stale: run tsx tools/write-example-docs.ts`).toBe(true);
    }
    const files = (await readdir(join(root, 'examples'))).filter((name) => name.endsWith('.ts'));
    expect(new Set(files.map((name) => `examples/${name}`))).toEqual(shown);
  });

  it('the two-minute start runs: index, certify, report, query; then quickstart and report', async () => {
    const model = ['--model', at('encoder'), '--threads', '1'];
    await cli(
      'index',
      '--data',
      at('photos@train'),
      ...model,
      '--sigma',
      '0.1',
      '--samples',
      '64',
      '--out',
      at('gallery'),
    );
    const gallery = ['--gallery', at('gallery'), ...model];
    await cli(
      'certify',
      '--data',
      at('photos@test'),
      ...gallery,
      '--sigma',
      '0.1',
      '--samples',
      '500',
      '--out',
      at('run'),
    );
    const photo = at('photos/test/red/1.png');
    expect(await cli('query', photo, ...gallery, '--certify', '--samples', '500')).toContain(`${photo}: red`);
    expect(await example('quickstart', at('encoder'), at('gallery'), photo)).toMatch(
      /: red\n[\s\S]*vote: no change below [\d.]+, with probability/,
    );
    expect(await example('verdict', at('encoder'), at('gallery'), photo)).toMatch(
      /^\d+ samples: 'red' keeps within [\d.]+ (radius|futility|samples|time)\n$/m,
    );
    expect(await example('report', at('run'), at('report.html'))).toContain('rejectionRatio');
    expect(await readFile(at('report.html'), 'utf8')).toContain('My run');
  });

  it('dataset.ts certifies a folder', async () => {
    expect(await example('dataset', at('encoder'), at('photos'))).toMatch(/Recall@1 at 0.05: [0-9.]+\n/);
  });

  it('browser.ts and own-sampler.ts certify', async () => {
    expect((await example('browser')).match(/kind: 'certified'/g)).toHaveLength(2);
    expect((await example('own-sampler')).match(/kind: 'certified'/g)).toHaveLength(5);
  });

  it('stats.ts, noise.ts, image.ts and onnx.ts run', async () => {
    expect(await example('stats')).toContain('samples 688');
    expect(await example('noise')).toContain('24');
    expect(await example('image', at('photos/test/red/1.png'), at('out.png'))).toContain('150528');
    expect(await example('onnx', at('built'))).toContain('GlobalAveragePool');
    expect(await readdir(at('built'))).toEqual(['model.onnx', 'preprocessor_config.json']);
  });

  it('train.ts trains, and gradient.ts differentiates what it trained', async () => {
    expect(await example('train', at('photos'), at('trained'))).toMatch(/kept the model of epoch [123]\n/);
    expect(await example('gradient', at('trained'), at('photos/test/red/1.png'))).toMatch(
      /changes by at most about [\d.e-]+ a unit/,
    );
  });
});
