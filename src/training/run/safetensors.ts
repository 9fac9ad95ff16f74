/**
 * Tensors in one file, in the safetensors format: eight bytes with the header's length, a JSON header
 * `{ name: { dtype, shape, data_offsets } }`, then the values, little-endian.
 */
import { readFile } from 'node:fs/promises';
import { RetrievalGuardError } from '../../errors.ts';
import { sizeOf } from '../../onnx/index.ts';

/** A named float32 tensor. */
export interface NamedTensor {
  shape: readonly number[];
  data: Float32Array;
}

/** The bytes of a safetensors file. `metadata` is stored in its header. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, NamedTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = JSON.stringify(header);
  const json = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const bytes = new Uint8Array(8 + json.length + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  let at = 8 + json.length;
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file of float32 tensors.
 *
 * @throws RetrievalGuardError RUN_INVALID where the file is cut short or is none
 */
export async function readSafetensors(
  path: string,
): Promise<{ tensors: Record<string, NamedTensor>; metadata: Record<string, string> }> {
  const bytes = await readFile(path);
  try {
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.subarray(8, 8 + length).toString('utf8')) as Record<
      string,
      { dtype: string; shape: number[]; data_offsets: [number, number] }
    >;
    const { __metadata__: metadata = {}, ...entries } = header;
    const start = 8 + length;
    const tensors = Object.fromEntries(
      Object.entries(entries).map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [from, to],
          },
        ]) => {
          if (dtype !== 'F32' || to - from !== 4 * sizeOf(shape) || start + to > bytes.length) {
            throw new Error(`tensor '${name}' does not fit the file`);
          }
          const copy = new Uint8Array(bytes.subarray(start + from, start + to));
          return [name, { shape, data: new Float32Array(copy.buffer) }];
        },
      ),
    );
    return { tensors, metadata: metadata as unknown as Record<string, string> };
  } catch (cause) {
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `${path} to be a safetensors file`,
      got: cause instanceof Error ? cause.message : String(cause),
      fix: 'Restore the file, or train anew into another folder.',
      cause,
    });
  }
}
