import { beforeAll, expect, test } from 'vitest';
import { type Outcome, succeed, temporary, writeDataset, writeMatchingEncoder } from './support.ts';

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
