/**
 * Reads MATLAB 5 .mat files (what MATLAB's `save` writes with -v6 and -v7), for the annotations of CARS196.
 * Source: "MAT-File Format", The MathWorks, chapter 1, Level 5. Read are numeric and logical arrays, char, cell and
 * struct arrays, compressed or not, of either byte order; other classes become `{ kind: 'unsupported' }`.
 *
 * A file is a 128-byte header and a sequence of elements: a tag (type, byte count), the data, padding to 8 bytes. An
 * array is an element of type miMATRIX whose data are elements again: flags, dimensions, name, contents.
 */
import { inflateSync } from 'node:zlib';
import { RetrievalGuardError } from '../errors.ts';

/** An array of a .mat file; the elements of each kind are in MATLAB's column-major order. */
export type MatValue =
  | { kind: 'numeric'; dims: number[]; data: Float64Array }
  | { kind: 'char'; dims: number[]; rows: string[] }
  | { kind: 'cell'; dims: number[]; cells: MatValue[] }
  | { kind: 'struct'; dims: number[]; fields: string[]; elements: Record<string, MatValue>[] }
  | { kind: 'unsupported'; dims: number[]; matlabClass: string };

/** The variables of a .mat file by name. */
export type MatVariables = ReadonlyMap<string, MatValue>;

const HEADER_LENGTH = 128;
/** Compressed elements that unpack to more than this are refused. */
const LARGEST_ELEMENT = 2 ** 30;
/** Cells in cells, structs in structs: deeper nesting is refused. */
const DEEPEST_NESTING = 100;

const MI_MATRIX = 14;
const MI_COMPRESSED = 15;

/** Reads one number of a data type at a byte offset. */
type Getter = (view: DataView, at: number, little: boolean) => number;
/** Size in bytes and reader of each numeric data type (mi…). */
const DATA_TYPES: Readonly<Record<number, readonly [size: number, get: Getter]>> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  // Text: miUTF8 is decoded apart; miUTF16 and miUTF32 are code units.
  16: [1, (view, at) => view.getUint8(at)],
  17: [2, (view, at, little) => view.getUint16(at, little)],
  18: [4, (view, at, little) => view.getUint32(at, little)],
};
const MI_UTF8 = 16;

/** Names of the array classes (mx…) by number. */
const MATLAB_CLASSES: Readonly<Record<number, string>> = {
  1: 'cell',
  2: 'struct',
  3: 'object',
  4: 'char',
  5: 'sparse',
  6: 'double',
  7: 'single',
  8: 'int8',
  9: 'uint8',
  10: 'int16',
  11: 'uint16',
  12: 'int32',
  13: 'uint32',
  14: 'int64',
  15: 'uint64',
  16: 'function handle',
  17: 'opaque object',
};

/** All variables of a .mat file; `name` is for messages. Throws DATASET_LAYOUT. */
export function parseMat(bytes: Uint8Array, name: string): MatVariables {
  const file: MatFile = { name, little: readByteOrder(bytes, name) };
  const variables = new Map<string, MatValue>();
  const top = elementsOf(file, bytes, HEADER_LENGTH);
  while (!top.atEnd()) {
    const element = top.next();
    const matrix = element.type === MI_COMPRESSED ? unpack(file, element) : element;
    if (matrix.type !== MI_MATRIX) continue;
    const { variable, value } = readMatrix(file, matrix.data, 0);
    variables.set(variable, value);
  }
  return variables;
}

interface MatFile {
  readonly name: string;
  readonly little: boolean;
}

interface Element {
  readonly type: number;
  readonly data: Uint8Array;
}

interface Elements {
  atEnd: () => boolean;
  next: () => Element;
}

/**
 * Checks the header; true for little-endian. Its last four bytes are the version, 0x0100 (0x0200 for -v7.3), and the
 * letters MI as a 16-bit number.
 */
function readByteOrder(bytes: Uint8Array, name: string): boolean {
  const header = Buffer.from(bytes.subarray(0, HEADER_LENGTH));
  const mark = header.toString('latin1', 126, 128);
  const version = mark === 'IM' ? header.readUInt16LE(124) : mark === 'MI' ? header.readUInt16BE(124) : null;
  if (version === 0x0200 || header.toString('latin1', 0, 4) === '\x89HDF') {
    throw malformed({ name }, 'an HDF5 file (-v7.3)', "Save it in MATLAB with '-v7'.");
  }
  if (version === null)
    throw malformed({ name }, header.length < HEADER_LENGTH ? `${bytes.length} bytes` : 'another header');
  return mark === 'IM';
}

/** Steps through the elements in a stretch of bytes. */
function elementsOf(file: MatFile, bytes: Uint8Array, start: number): Elements {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  const next = (): Element => {
    if (at + 8 > bytes.length) throw malformed(file, 'a tag cut short');
    const first = view.getUint32(at, file.little);
    // A small element keeps its byte count in the tag's upper half and up to 4 bytes of data in the tag.
    const small = first >>> 16;
    const length = small || view.getUint32(at + 4, file.little);
    const from = at + (small ? 4 : 8);
    const type = small ? first & 0xffff : first;
    const end = from + length;
    if (end > bytes.length || small > 4) throw malformed(file, `an element of ${length} bytes cut short`);
    at = small ? at + 8 : type === MI_COMPRESSED ? end : from + Math.ceil(length / 8) * 8;
    return { type, data: bytes.subarray(from, end) };
  };
  return { atEnd: () => at >= bytes.length, next };
}

function unpack(file: MatFile, { data }: Element): Element {
  let bytes: Uint8Array;
  try {
    bytes = inflateSync(data, { maxOutputLength: LARGEST_ELEMENT });
  } catch (cause) {
    throw malformed(file, 'a compressed variable that cannot be unpacked', undefined, cause);
  }
  return elementsOf(file, bytes, 0).next();
}

function readMatrix(file: MatFile, data: Uint8Array, depth: number): { variable: string; value: MatValue } {
  if (depth > DEEPEST_NESTING) throw malformed(file, `arrays nested more than ${DEEPEST_NESTING} deep`);
  // An empty element stands for an empty array.
  if (data.length === 0)
    return { variable: '', value: { kind: 'numeric', dims: [0, 0], data: new Float64Array() } };
  const parts = elementsOf(file, data, 0);
  const matlabClass = MATLAB_CLASSES[(readNumbers(file, parts.next())[0] ?? 0) & 0xff] ?? 'unknown class';
  if (matlabClass === 'opaque object')
    return { variable: '', value: { kind: 'unsupported', dims: [], matlabClass } };
  const dims = [...readNumbers(file, parts.next())];
  const variable = readText(parts.next().data);
  return { variable, value: readContents(file, matlabClass, dims, parts, depth) };
}

function readContents(
  file: MatFile,
  matlabClass: string,
  dims: number[],
  parts: Elements,
  depth: number,
): MatValue {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const nested = (): MatValue => {
    const element = parts.next();
    if (element.type !== MI_MATRIX)
      throw malformed(file, `an element of type ${element.type} inside a ${matlabClass}`);
    return readMatrix(file, element.data, depth + 1).value;
  };
  switch (matlabClass) {
    case 'cell': {
      const cells: MatValue[] = [];
      while (cells.length < count) cells.push(nested());
      return { kind: 'cell', dims, cells };
    }
    case 'struct': {
      const fields = readFieldNames(file, parts);
      const elements: Record<string, MatValue>[] = [];
      while (fields.length > 0 && elements.length < count) {
        elements.push(Object.fromEntries(fields.map((field) => [field, nested()])));
      }
      return { kind: 'struct', dims, fields, elements };
    }
    case 'char':
      return { kind: 'char', dims, rows: readRows(file, dims, count, parts) };
    case 'sparse':
    case 'object':
    case 'function handle':
    case 'unknown class':
      return { kind: 'unsupported', dims, matlabClass };
    default: {
      // A double whose values are small integers is stored as bytes: the element's own type counts. The imaginary part
      // of a complex array would follow and is left out.
      const data = readNumbers(file, parts.next());
      if (data.length !== count)
        throw malformed(file, `${data.length} numbers for dimensions ${dims.join('×')}`);
      return { kind: 'numeric', dims, data };
    }
  }
}

function readFieldNames(file: MatFile, parts: Elements): string[] {
  const [width] = readNumbers(file, parts.next());
  const { data } = parts.next();
  if (!(width > 0) || data.length % width !== 0) {
    if (data.length === 0) return [];
    throw malformed(file, `field names of ${data.length} bytes in steps of ${width}`);
  }
  return Array.from({ length: data.length / width }, (_, i) =>
    readText(data.subarray(i * width, (i + 1) * width)),
  );
}

/** The rows of a char array, trailing spaces kept. */
function readRows(file: MatFile, dims: readonly number[], count: number, parts: Elements): string[] {
  if (count === 0) return [];
  const element = parts.next();
  const units =
    element.type === MI_UTF8
      ? Array.from(Buffer.from(element.data).toString('utf8'))
      : Array.from(readNumbers(file, element), characterOf);
  const rowCount = dims[0];
  if (rowCount === 1) return [units.join('')];
  if (rowCount > units.length)
    throw malformed(file, `${units.length} characters for ${rowCount} rows of text`);
  const rows = Array.from({ length: rowCount }, () => '');
  units.forEach((unit, i) => {
    rows[i % rowCount] += unit;
  });
  return rows;
}

/** A code unit (a half of a surrogate pair stands alone until the row is joined) or code point as text. */
function characterOf(unit: number): string {
  return unit >= 0 && unit <= 0x10ffff ? String.fromCodePoint(unit) : '\uFFFD';
}

function readNumbers(file: MatFile, { type, data }: Element): Float64Array {
  const known = DATA_TYPES[type];
  if (!known) throw malformed(file, `an element of unknown type ${type}`);
  const [size, get] = known;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Float64Array.from({ length: Math.floor(data.length / size) }, (_, i) =>
    get(view, i * size, file.little),
  );
}

/** A name: up to the first NUL. */
function readText(data: Uint8Array): string {
  const end = data.indexOf(0);
  return Buffer.from(end < 0 ? data : data.subarray(0, end)).toString('utf8');
}

function malformed(file: { name: string }, got: string, fix?: string, cause?: unknown): RetrievalGuardError {
  return new RetrievalGuardError('DATASET_LAYOUT', {
    expected: `a MATLAB 5 file (-v6 or -v7) in ${file.name}`,
    got,
    fix: fix ?? 'Download it again.',
    cause,
  });
}
