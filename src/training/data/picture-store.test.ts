import { describe, expect, test } from 'vitest';
import { RetrievalGuardError } from '../../errors.ts';
import { decodeImage } from '../../image/index.ts';
import { fixture } from '../../image/fixtures/expected.ts';
import { loadForCrops, PictureStore } from './picture-store.ts';

/** Pictures of 10 bytes, all of them their index. */
const plain = (index: number) => ({
  data: new Uint8Array(10).fill(index),
  height: 2,
  width: 5,
  channels: 1 as const,
});

const unreadable = (index: number): RetrievalGuardError =>
  new RetrievalGuardError('IMAGE_UNREADABLE', { expected: 'a picture', got: `none at ${index}` });

describe('PictureStore', () => {
  test('keeps what fits and loads the rest again', async () => {
    const loads: number[] = [];
    const load = async (index: number) => {
      loads.push(index);
      return plain(index);
    };
    const progress: string[] = [];
    const store = await PictureStore.open(6, load, {
      memory: 35,
      onProgress: (done, total) => progress.push(`${done}/${total}`),
    });
    expect(loads).toEqual([0, 1, 2, 3, 4, 5]);
    expect(progress).toEqual(['1/6', '2/6', '3/6', '4/6', '5/6', '6/6']);
    expect(store.kept).toBe(3);
    loads.length = 0;
    const taken: number[] = [];
    await store.each([5, 0, 4, 0, 2], (image, i) => taken.push(i, image.data[3]));
    expect(taken).toEqual([0, 5, 1, 0, 2, 4, 3, 0, 4, 2]);
    expect(loads).toEqual([5, 4]);
  });

  test('leaves out what cannot be read', async () => {
    const skipped: string[] = [];
    const load = async (index: number) => {
      if (index % 3 === 1) throw unreadable(index);
      return plain(index);
    };
    const onUnreadable = (index: number, { got }: RetrievalGuardError): void => {
      skipped.push(`${index}: ${got}`);
    };
    const store = await PictureStore.open(6, load, { onUnreadable });
    expect([...store.readable]).toEqual([0, 2, 3, 5]);
    expect(skipped).toEqual(['1: none at 1', '4: none at 4']);
    await expect(PictureStore.open(6, load)).rejects.toThrow('none at 1');
  });

  test('fails for other errors, when nothing can be read, and when cancelled', async () => {
    const onUnreadable = (): void => {};
    const fault = async (): Promise<never> => Promise.reject(new TypeError('a fault of the program'));
    await expect(PictureStore.open(2, fault, { onUnreadable })).rejects.toThrow(TypeError);
    const none = async (index: number): Promise<never> => Promise.reject(unreadable(index));
    await expect(PictureStore.open(2, none, { onUnreadable })).rejects.toMatchObject({
      code: 'DATASET_EMPTY',
    });
    let asked = 0;
    const load = async (index: number) => plain(index);
    await expect(PictureStore.open(100, load, { cancelled: () => ++asked > 10 })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(asked).toBe(11);
    await expect(PictureStore.open(2, load, { memory: NaN })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
  });
});

describe('loadForCrops', () => {
  test('bounds the shorter edge, keeps the ratio, and never enlarges', async () => {
    const { height, width } = await decodeImage(fixture('rgb.png'), 3);
    expect([height, width]).toEqual([29, 43]);
    const bounded = await loadForCrops(fixture('rgb.png'), 3, 20);
    expect([bounded.height, bounded.width]).toEqual([20, Math.trunc((20 * 43) / 29)]);
    const whole = await loadForCrops(fixture('rgb.png'), 1, 64);
    expect(whole).toEqual(await decodeImage(fixture('rgb.png'), 1));
  });
});
