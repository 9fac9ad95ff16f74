import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { encodeSafetensors, readSafetensors } from './safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));
const tensors = {
  'layer.weight': { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 2 ** -149, 2 ** 126, -0) },
  scalar: { shape: [], data: Float32Array.of(7) },
};

test('the bytes are those of the format', () => {
  const bytes = encodeSafetensors(tensors, { made: 'here' });
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  expect(length % 8).toBe(0);
  expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
    __metadata__: { made: 'here' },
    'layer.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    scalar: { dtype: 'F32', shape: [], data_offsets: [24, 28] },
  });
  expect(bytes.length).toBe(8 + length + 28);
  expect(new DataView(bytes.buffer).getFloat32(8 + length + 24, true)).toBe(7);
});

test('what is written is read', async () => {
  const path = join(folder, 'whole.safetensors');
  writeFileSync(path, encodeSafetensors(tensors, { made: 'here' }));
  expect(await readSafetensors(path)).toEqual({ tensors, metadata: { made: 'here' } });
});

test.each([4, 60, -1])('a file cut to %i bytes is told', async (size) => {
  const path = join(folder, 'cut.safetensors');
  writeFileSync(path, encodeSafetensors(tensors).subarray(0, size));
  await expect(readSafetensors(path)).rejects.toMatchObject({ code: 'RUN_INVALID' });
});
