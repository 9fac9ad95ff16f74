/** A fault in how the work is cut draws no sample twice and leaves none out: it is refused. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { writeEncoder } from '../../test/helpers/encoders.ts';
import { Smoother } from './smoother.ts';

let pieces: number[] = [];
vi.mock('./cut.ts', () => ({ cutTasks: () => pieces }));

let folder: string;
let smoother: Smoother;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cut-'));
  await writeEncoder(folder, [1, 1, 2], 2, (_, pixels) => pixels);
  smoother = await Smoother.open(folder, { threads: 1, batch: 8 });
});
afterAll(async () => {
  await smoother.close();
  await rm(folder, { recursive: true, force: true });
});

const sample = (): Promise<Float64Array> =>
  smoother.embed({ id: 'x', pixels: Float32Array.of(0.2, 0.9) }, { sigma: 0.1, samples: 40 });

test('pieces that are all of the work are sampled', async () => {
  pieces = [32, 8];
  expect(await sample()).toHaveLength(2);
});

test.each([[[32]], [[32, 16]], [[40, 8, -8]], [[20.5, 19.5]], [[40, Number.NaN]], [[]]])(
  '%j of 40 samples are refused',
  async (wrong) => {
    pieces = wrong;
    await expect(sample()).rejects.toThrow(/CERTIFICATE_INPUT.*40 samples in all/);
  },
);
