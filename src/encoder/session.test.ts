import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../onnx/index.ts';
import { readEncoderInfo } from './encoder.ts';
import { probeBatchInvariance } from './invariance.ts';
import { EncoderSession } from './session.ts';
import { tinyEncoder, type TinyOptions } from './testing/tiny-models.ts';
import type { EncoderInfo, SessionOptions } from './encoder-info.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'session-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

let fileNumber = 0;
async function infoOf(bytes: Uint8Array): Promise<EncoderInfo> {
  const path = join(folder, `${fileNumber++}.onnx`);
  await writeFile(path, bytes);
  return readEncoderInfo(path);
}
const open = async (model: TinyOptions, options: SessionOptions) =>
  EncoderSession.create(await infoOf(tinyEncoder(model)), options);

/** Node has it, but its types for this version do not. */
const { WebAssembly: wasm } = globalThis as unknown as {
  WebAssembly: { Memory: new (limits: { initial: number }) => { buffer: ArrayBuffer } };
};

const SIZE = 3 * 4 * 5;
const images = (count: number) => Float32Array.from({ length: count * SIZE }, (_, i) => (i * 0.618034) % 1);

describe('EncoderSession', () => {
  const MODELS: TinyOptions[] = [{}, { output: 'rank4' }, { type: 'float16' }, { batch: 4 }];

  test.each(MODELS)('reads and writes the memory it is given: %j', async (model) => {
    const session = await open(model, { batch: 4 });
    const expected = new Float32Array(4 * 4);
    await session.run(images(4), 4, expected);
    expect(expected.every((value) => value > 0)).toBe(true);

    // Views inside a WebAssembly memory: input behind 64 bytes, output behind that.
    const { buffer } = new wasm.Memory({ initial: 1 });
    const input = new Float32Array(buffer, 64, 4 * SIZE);
    const output = new Float32Array(buffer, 64 + 4 * 4 * SIZE, 4 * 4 + 1).fill(-1);
    for (let repeat = 0; repeat < 2; repeat++) {
      input.set(images(4));
      await session.run(input, 4, output);
      expect([...output]).toEqual([...expected, -1]);
      expect([...input]).toEqual([...images(4)]);
      output.fill(-1);
    }

    // Fewer images: nothing else is touched.
    await session.run(input, 3, output);
    expect([...output]).toEqual([...expected.subarray(0, 12), -1, -1, -1, -1, -1]);
    expect([...input]).toEqual([...images(4)]);

    // Shared memory is copied.
    const shared = new Float32Array(new SharedArrayBuffer(4 * 4 * SIZE));
    shared.set(images(4));
    const sharedOutput = new Float32Array(new SharedArrayBuffer(4 * 16));
    await session.run(shared, 4, sharedOutput);
    expect([...sharedOutput]).toEqual([...expected]);
    await session.release();
  });

  test.each(MODELS)(
    'the same memory again and again, with other images and other counts: %j',
    async (model) => {
      const session = await open(model, { batch: 4 });
      const fresh = await open(model, { batch: 4 });
      const [input, output] = [new Float32Array(4 * SIZE), new Float32Array(4 * 4)];
      for (const [step, count] of [4, 4, 2, 2, 4, 1, 1].entries()) {
        input.set(images(4).map((value) => (value + step / 7) % 1));
        await session.run(input, count, output);
        const expected = new Float32Array(4 * 4);
        await fresh.run(input.slice(), count, expected);
        expect(output.subarray(0, count * 4)).toEqual(expected.subarray(0, count * 4));
      }
      const other = new Float32Array(4 * 4);
      await session.run(input, 1, other);
      expect(other.subarray(0, 4)).toEqual(output.subarray(0, 4));
      await Promise.all([session.release(), fresh.release()]);
    },
  );

  test('refuses counts and lengths that do not fit', async () => {
    const session = await open({}, { batch: 2 });
    const output = new Float32Array(8);
    expect(() => session.run(images(3), 3, output)).toThrow(/1 to 2 images a run; got 3/);
    expect(() => session.run(images(1), 2, output)).toThrow(/input of at least 120 values/);
    expect(() => session.run(images(2), 2, output.subarray(1))).toThrow(/output of at least 8 values/);
    await session.release();
    await expect(open({}, { batch: 0 })).rejects.toThrow(/a batch of at least 1/);
    await expect(open({ batch: 4 }, { batch: 2 })).rejects.toThrow(/a batch of 4/);
  });
});

describe('probeBatchInvariance', () => {
  test('a network without exchange between images is free', async () => {
    const session = await open({}, { batch: 20 });
    expect(await probeBatchInvariance(session)).toEqual({
      free: true,
      padded: true,
      largestDifference: 0,
      sizes: [1, 2, 7, 16, 20],
    });
    await session.release();
  });

  test('with the batch size fixed, only that is tried', async () => {
    for (const session of [await open({ batch: 4 }, {}), await open({}, { batch: 4, padded: true })]) {
      expect(await probeBatchInvariance(session)).toMatchObject({ free: true, padded: true, sizes: [4] });
      await session.release();
    }
  });

  /** Adds to each feature something that all images of the batch decide together. */
  const coupled = (
    add: (g: GraphBuilder, x: ReturnType<GraphBuilder['input']>) => ReturnType<GraphBuilder['op']>,
  ) => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['batch', 3, 4, 5]);
    const pooled = g.op('Flatten', [g.op('GlobalAveragePool', [x])]);
    g.output('y', g.op('Add', [pooled, add(g, x)]), 'float32', ['batch', 3]);
    return g.toBytes();
  };

  test('dependence on the batch size: pad', async () => {
    const info = await infoOf(
      coupled((g, x) => g.op('Cast', [g.op('Gather', [g.op('Shape', [x]), g.int64(0)])], { to: 1 })),
    );
    const session = await EncoderSession.create(info, { batch: 4 });
    const found = await probeBatchInvariance(session);
    expect(found).toMatchObject({ free: false, padded: true, sizes: [1, 2, 4] });
    expect(found.largestDifference).toBeCloseTo(3, 5);
    await session.release();
  });

  test('dependence on the neighbours: neither', async () => {
    const info = await infoOf(coupled((g, x) => g.op('ReduceMax', [x], { keepdims: 0 })));
    const session = await EncoderSession.create(info, { batch: 4 });
    expect(await probeBatchInvariance(session)).toMatchObject({ free: false, padded: false });
    await session.release();
  });
});
