import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Row } from '../evaluate/schema.ts';
import { encodePng } from '../image/index.ts';
import { changedPictures } from './changed-pictures.ts';
import { exampleRun } from './fixtures/example.ts';

const SIDE = 24;
const run = exampleRun();
const { manifest } = run;
const sized = {
  ...run,
  manifest: {
    ...manifest,
    options: { ...manifest.options, sigma: 0.04 },
    environment: { ...manifest.environment, input: { channels: 3, height: SIDE, width: SIDE } },
  },
};
const rowWith = (radius: number): Row =>
  ({
    query: 'q',
    label: 'a',
    score: 1,
    methods: { cdf: { kind: 'certified', radius, label: 'a' } },
  }) as unknown as Row;

async function pixels(uri: string): Promise<Buffer> {
  return sharp(Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64'))
    .removeAlpha()
    .raw()
    .toBuffer();
}

test('noise has its deviation, and the change exactly the certified norm (up to the levels of a file)', async () => {
  const grey = await encodePng(new Float32Array(3 * SIDE * SIDE).fill(0.5), 3, SIDE, SIDE);
  const html = (await changedPictures(sized, rowWith(1.5), grey))!.text;
  const [noisy, changed] = [...html.matchAll(/src="(data:image\/png[^"]*)"/g)].map(([, uri]) => uri);
  const difference = (buffer: Buffer): number[] => [...buffer].map((value) => (value - 128) / 255);
  const norm = (values: number[]): number => Math.hypot(...values);
  expect(norm(difference(await pixels(changed))) / 1.5).toBeCloseTo(1, 2);
  expect(norm(difference(await pixels(noisy))) / Math.sqrt(3 * SIDE * SIDE)).toBeCloseTo(0.04, 2);
  expect(html).toContain('a change of size 1.500 (cdf)');
});

test('without a certificate only the noise; without the size of the input, or a picture, nothing', async () => {
  const grey = await encodePng(new Float32Array(SIDE * SIDE).fill(0.5), 1, SIDE, SIDE);
  expect((await changedPictures(sized, rowWith(0), grey))!.text.match(/<img/g)).toHaveLength(1);
  expect(await changedPictures(run, rowWith(1), grey)).toBeNull();
  expect(await changedPictures(sized, rowWith(1), new Uint8Array(10))).toBeNull();
});
