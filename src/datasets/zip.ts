/**
 * Zip archives, one entry at a time: the list comes from the central directory at the end of the file, and an entry is
 * read and inflated alone, so an archive is never held in memory. No encryption, no zip64 (over 4 GiB or 65,534 entries).
 */
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { RetrievalGuardError } from '../errors.ts';
import { reasonOf } from './dataset-files.ts';

/** One file in an archive, as the central directory has it. */
export interface ZipEntry {
  /** Path inside the archive, '/' separators. */
  readonly name: string;
  /** Size when unpacked, bytes. */
  readonly size: number;
  readonly packedSize: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc32: number;
  /** Where the entry's local header begins. */
  readonly offset: number;
}

const END_SIGNATURE = 0x06054b50;
const END_LENGTH = 22;
const LONGEST_COMMENT = 0xffff;
const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_LENGTH = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_LENGTH = 30;

const inflate = promisify(inflateRaw);

/** The files of an archive in its own order, without folders; throws DATASET_LAYOUT when it is not a usable zip. */
export async function listZip(file: string): Promise<ZipEntry[]> {
  return withFile(file, async (handle) => {
    const directory = await readDirectory(file, handle);
    const entries: ZipEntry[] = [];
    for (let at = 0; at < directory.length; ) {
      if (at + CENTRAL_LENGTH > directory.length || directory.readUInt32LE(at) !== CENTRAL_SIGNATURE) {
        throw damaged(file, `no entry at byte ${at} of the central directory`);
      }
      const nameEnd = at + CENTRAL_LENGTH + directory.readUInt16LE(at + 28);
      const name = directory.toString('utf8', at + CENTRAL_LENGTH, nameEnd).replaceAll('\\', '/');
      const entry: ZipEntry = {
        name,
        method: directory.readUInt16LE(at + 10),
        crc32: directory.readUInt32LE(at + 16),
        packedSize: directory.readUInt32LE(at + 20),
        size: directory.readUInt32LE(at + 24),
        offset: directory.readUInt32LE(at + 42),
      };
      if (!name.endsWith('/')) entries.push(entry);
      at = nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    return entries;
  });
}

/** The unpacked bytes of one entry; throws IMAGE_UNREADABLE when they are damaged. */
export async function readZipEntry(file: string, entry: ZipEntry): Promise<Uint8Array> {
  try {
    return await withFile(file, async (handle) => {
      const header = await readExactly(handle, entry.offset, LOCAL_LENGTH);
      if (header.readUInt32LE(0) !== LOCAL_SIGNATURE)
        throw new Error('no local header where the directory says');
      if (header.readUInt16LE(6) & 1) throw new Error('the entry is encrypted');
      // Name and extra field differ in length from those of the central directory.
      const start = entry.offset + LOCAL_LENGTH + header.readUInt16LE(26) + header.readUInt16LE(28);
      const packed = await readExactly(handle, start, entry.packedSize);
      const bytes = await unpack(packed, entry);
      if (bytes.length !== entry.size) throw new Error(`${bytes.length} bytes instead of ${entry.size}`);
      return bytes;
    });
  } catch (cause) {
    throw new RetrievalGuardError('IMAGE_UNREADABLE', {
      expected: `a readable entry ${entry.name} in ${file}`,
      got: reasonOf(cause),
      fix: 'Download the archive again.',
      cause,
    });
  }
}

async function unpack(packed: Buffer, entry: ZipEntry): Promise<Uint8Array> {
  if (entry.method === 0) return packed;
  if (entry.method !== 8) throw new Error(`compression method ${entry.method} (only 0 and 8 are read)`);
  return inflate(packed, { maxOutputLength: Math.max(entry.size, 1) });
}

/** The bytes of the central directory, found through the record that ends the archive. */
async function readDirectory(file: string, handle: FileHandle): Promise<Buffer> {
  const { size } = await handle.stat();
  const tailLength = Math.min(size, END_LENGTH + LONGEST_COMMENT);
  const tail = await readExactly(handle, size - tailLength, tailLength);
  let end = tailLength - END_LENGTH;
  while (end >= 0 && tail.readUInt32LE(end) !== END_SIGNATURE) end--;
  if (end < 0) throw damaged(file, 'no end-of-archive record: not a zip, or cut short');
  const length = tail.readUInt32LE(end + 12);
  const offset = tail.readUInt32LE(end + 16);
  if (tail.readUInt16LE(end + 10) === 0xffff || offset === 0xffffffff) throw damaged(file, 'a zip64 archive');
  if (offset + length > size) throw damaged(file, 'a central directory beyond the end of the file');
  return readExactly(handle, offset, length);
}

async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { size } = await handle.stat();
  if (position + length > size) throw new Error('the file ends too early');
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw new Error('the file ends too early');
    done += bytesRead;
  }
  return buffer;
}

async function withFile<T>(file: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw damaged(file, reasonOf(cause));
  });
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

function damaged(file: string, got: string): RetrievalGuardError {
  return new RetrievalGuardError('DATASET_LAYOUT', {
    expected: `a plain zip archive ${file}`,
    got,
    fix: 'Download it again, or unpack it and pass the folder.',
  });
}
