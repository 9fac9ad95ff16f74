import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import type { RunManifest } from '../../src/evaluate/index.ts';
import {
  type Outcome,
  run as runHere,
  succeed,
  temporary,
  writeDataset,
  writeMatchingEncoder,
} from './support.ts';

const at = temporary();
let model: string;
let images: string[];

beforeAll(async () => {
  model = await writeMatchingEncoder(at('model', 'model.onnx'));
  await writeDataset(at('items'), { perClass: 2, seed: 5 });
  images = ['ant', 'bee'].map((name) => at('items', name, '0.png'));
  const index = ['index', '--data', at('items'), '--model', model, '--threads', '1', '--quiet'];
  await succeed(index, '--sigma', '0.25', '--samples', '16', '--out', at('smoothed'));
  await succeed(index, '--samples', '0', '--out', at('clean'));
});

interface Entry {
  samples: number;
  sigma: number;
  nearest: { id: string; distance: number }[];
}

interface Certified extends Entry {
  secretSeed: string;
}

const entries = ({ stdout }: Outcome): Entry[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry);

test('query without noise is the answer of the undefended encoder, and says that it has no samples', async () => {
  const ask = async (gallery: string, ...more: string[]): Promise<Entry[]> =>
    entries(
      await succeed('query', images, '--gallery', at(gallery), '--model', model, '--threads', '1', [
        '--json',
        '--quiet',
        ...more,
      ]),
    );
  const clean = await ask('clean');
  // whatever σ the gallery has
  expect(await ask('smoothed', '--samples', '0', '--sigma', '0.5')).toEqual(clean);
  // there is no noise to draw samples of
  expect(await ask('clean', '--samples', '9')).toEqual(clean);
  for (const [i, { samples, sigma, nearest }] of clean.entries()) {
    expect([samples, sigma]).toEqual([0, 0]);
    // a picture of the gallery is its own nearest item
    expect(images[i].endsWith(nearest[0].id)).toBe(true);
    expect(nearest[0].distance).toBeLessThan(1e-3);
  }
});

test('certificates come from noise that nobody knew: fresh each time, or of a secret that is kept', async () => {
  const ask = async (...more: string[]): Promise<{ stderr: string; answers: Certified[] }> => {
    const outcome = await succeed('query', images[0], '--gallery', at('smoothed'), '--model', model, more, [
      '--threads',
      '1',
      '--certify=duel',
      '--samples',
      '200',
      '--selection',
      '16',
      '--json',
    ]);
    const answers = (entries(outcome) as unknown as Certified[]).map((answer) => ({ ...answer, seconds: 0 }));
    return { stderr: outcome.stderr, answers };
  };
  const [one, other] = [await ask(), await ask()];
  expect(one.stderr).toContain('noise of a secret seed, drawn for this call');
  expect(one.answers[0].secretSeed).toMatch(/^[0-9a-f]{64}$/);
  expect(one.answers[0].secretSeed).not.toBe(other.answers[0].secretSeed);
  expect(one.answers[0].nearest).not.toEqual(other.answers[0].nearest);

  const secret = Uint8Array.from({ length: 32 }, (_, i) => 7 * i);
  await writeFile(at('secret'), secret, { mode: 0o600 });
  await writeFile(at('secret.hex'), `${Buffer.from(secret).toString('hex')}\n`, { mode: 0o644 });
  const [kept, again] = [await ask('--secret', at('secret')), await ask('--secret', at('secret.hex'))];
  expect(again.answers).toEqual(kept.answers);
  expect(kept.stderr).not.toContain('secret');
  expect(again.stderr).toContain('can be read by others');
  expect(kept.answers[0].secretSeed).toBe(
    createHash('sha256').update('RetrievalGuard commitment 1').update(secret).digest('hex'),
  );

  const certify = [
    'certify',
    '--data',
    at('items'),
    '--gallery',
    at('smoothed'),
    '--model',
    model,
    '--threads',
    '1',
  ];
  const settings = ['--sigma', '0.25', '--samples', '200', '--selection', '16', '--leave-one-out', '--quiet'];
  const run = [...certify, ...settings, '--out', at('run')];
  await succeed(run, '--secret', at('secret'));
  const { options } = JSON.parse(await readFile(at('run', 'run.json'), 'utf8')) as RunManifest;
  expect(options.secretSeed).toBe(kept.answers[0].secretSeed);
  expect(await readFile(at('run', 'run.json'), 'utf8')).not.toContain(Buffer.from(secret).toString('hex'));
  const { code, stderr } = await runHere(run);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/RUN_MISMATCH.*secretSeed/)]);
});

test.each([
  ['31 bytes', new Uint8Array(31), /32 bytes, or 64 hexadecimal digits; got 31 bytes/],
  ['a long file', new Uint8Array(1000), /got a longer file/],
])('a secret of %s is refused', async (_, content, message) => {
  await writeFile(at('wrong'), content, { mode: 0o600 });
  const { code, stderr } = await runHere('query', images[0], '--gallery', at('smoothed'), '--model', model, [
    '--secret',
    at('wrong'),
  ]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
});
