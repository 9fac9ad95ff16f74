/**
 * The NumPy .npy format, version 1.0, for two-dimensional little-endian float32 arrays in C order: magic `\x93NUMPY`, version,
 * length of the header, a Python dictionary literal padded to a multiple of 64 bytes, then the values. `numpy.load` reads it.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { RetrievalGuardError } from '../errors.ts';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const ALIGN = 64;

/** NumPy leaves room for the first axis to grow to this many digits. */
const GROWTH_DIGITS = 21;

/** The header of a float32 array of shape [rows, columns], byte for byte what `numpy.save` writes. */
export function npyHeader(rows: number, columns: number): Buffer {
  let text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  text += ' '.repeat(Math.max(0, GROWTH_DIGITS - String(rows).length));
  const unpadded = MAGIC.length + 4 + text.length + 1;
  text += `${' '.repeat((ALIGN - (unpadded % ALIGN)) % ALIGN)}\n`;
  const prefix = Buffer.from([1, 0, text.length & 0xff, text.length >> 8]);
  return Buffer.concat([MAGIC, prefix, Buffer.from(text, 'latin1')]);
}

/** What the head of a .npy file says. */
export interface NpyShape {
  rows: number;
  columns: number;
  /** Bytes before the first value. */
  offset: number;
}

/** Enough bytes from the start of a file to hold any header that {@link parseNpyHeader} accepts. */
export const NPY_HEAD_BYTES = 4096;

/**
 * Reads the header of a .npy file, of any writer, that holds a two-dimensional '<f4' array in C order.
 * @param head the file's first bytes (up to {@link NPY_HEAD_BYTES}).
 * @param file names the file in the error.
 * @throws GALLERY_INVALID for anything else, naming what was found.
 */
export function parseNpyHeader(head: Uint8Array, file: string): NpyShape {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const refuse = (expected: string, got: string): never => {
    throw new RetrievalGuardError('GALLERY_INVALID', {
      expected: `${file} to be ${expected}`,
      got,
      fix: "Build the gallery again, or save the array with numpy.save(…, array.astype('<f4')).",
    });
  };
  if (bytes.length < 12 || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    return refuse('a NumPy .npy file', bytes.length < 12 ? `${bytes.length} bytes` : 'another kind of file');
  const major = bytes[6];
  if (major < 1 || major > 3) return refuse('a .npy file of version 1 to 3', `version ${major}`);
  const start = major === 1 ? 10 : 12;
  const offset = start + (major === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  if (offset > bytes.length)
    return refuse('complete up to the end of its header', 'a truncated or oversized header');
  const text = bytes.toString('latin1', start, offset);
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  if (descr !== '<f4')
    return refuse("of dtype '<f4' (little-endian float32)", `dtype '${descr ?? 'unknown'}'`);
  if (!/'fortran_order'\s*:\s*False/.test(text)) return refuse('in C order', 'Fortran order');
  const shape = /'shape'\s*:\s*\(\s*(\d+)\s*,\s*(\d+)\s*,?\s*\)/.exec(text);
  if (!shape) return refuse('of two dimensions', /'shape'\s*:\s*(\([^)]*\))/.exec(text)?.[1] ?? 'no shape');
  return { rows: Number(shape[1]), columns: Number(shape[2]), offset };
}
