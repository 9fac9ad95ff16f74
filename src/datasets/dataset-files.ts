/** Files and folders on disk: items, image extensions, text lines, and messages that say which file is missing. */
import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { isSystemError } from '../output.ts';
import { messageOf } from '../words.ts';
import type { DataSpec } from './spec.ts';
import { splitNames, splitOf } from './splits.ts';
import type { DatasetItem } from './dataset.ts';

/** Extensions of the image files that a folder is searched for (those that the decoder reads). */
export const IMAGE_EXTENSIONS: readonly string[] = [
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.png',
  '.webp',
  '.gif',
  '.tif',
  '.tiff',
  '.avif',
];

/** True when the name ends in one of {@link IMAGE_EXTENSIONS}, in upper or lower case. */
export function isImageName(name: string): boolean {
  const lower = name.toLowerCase();
  return IMAGE_EXTENSIONS.some((extension) => lower.endsWith(extension));
}

/**
 * The id of a file: its path relative to `root`, '/' separators, Unicode NFC (some file systems hand out NFD), so that
 * ids agree between machines.
 */
export function idOf(root: string, path: string): string {
  return relative(root, path).split(sep).join('/').normalize('NFC');
}

/** An item that is a file; `file` is absolute or relative to `root`. The file need not exist. */
export function fileItem(root: string, file: string, label: string): DatasetItem {
  const path = isAbsolute(file) ? resolve(file) : resolve(root, file);
  return { id: idOf(root, path), label: label.normalize('NFC'), path, read: () => readImage(path) };
}

/**
 * The item of a path in a list. Lists made on Windows have backslashes: they are separators where no file has them in its name.
 */
export async function listedItem(root: string, file: string, label: string): Promise<DatasetItem> {
  const windows = file.includes('\\') && sep === '/' && (await kindOf(resolve(root, file))) === null;
  return fileItem(root, windows ? file.replaceAll('\\', '/') : file, label);
}

/** Reads an ordinary file: of a pipe or a device nobody knows when it ends. */
async function readImage(path: string): Promise<Uint8Array> {
  try {
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw new Error(found.isDirectory() ? 'a folder' : 'no ordinary file');
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new RetrievalGuardError('IMAGE_UNREADABLE', {
      expected: 'a readable image file',
      got: `${path} (${reasonOf(cause)})`,
      fix: 'Check the path, or take the image out of the dataset.',
      cause,
    });
  }
}

/** What is at a path, links followed: a file, a folder, or null for neither. */
export async function kindOf(path: string): Promise<'file' | 'folder' | null> {
  try {
    const found = await stat(path);
    return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : null;
  } catch {
    return null;
  }
}

/** The absolute path of the spec's folder or file; throws DATASET_LAYOUT when nothing is there. */
export async function requirePath(spec: DataSpec): Promise<{ path: string; kind: 'file' | 'folder' }> {
  const path = resolve(spec.path);
  const kind = await kindOf(path);
  if (kind) return { path, kind };
  const suffix = /^(.+)@([^@/\\]+)$/.exec(spec.path);
  if (suffix && (await kindOf(resolve(suffix[1]))) !== null) {
    throw new RetrievalGuardError('DATASET_SPEC', {
      expected: `a split after '@': ${splitNames()}`,
      got: `@${suffix[2]}${await splitsThere(resolve(suffix[1]))}`,
      fix: 'Choose one that it has, or leave it out for all images.',
    });
  }
  throw new RetrievalGuardError('DATASET_LAYOUT', {
    expected: `an existing path for ${spec.scheme}:`,
    got: `${path}, which does not exist`,
    fix: 'Check the path.',
  });
}

/** "; PATH has train, validation", by the names of its folders and lists. */
async function splitsThere(path: string): Promise<string> {
  const names = await readdir(path).catch((): string[] => []);
  const splits = names.filter((name) => splitOf(name.replace(/\.txt$/i, '')) !== null);
  return splits.length > 0 ? `; ${path} has ${splits.join(', ')}` : '';
}

/** As {@link requirePath}, for layouts that are a folder. */
export async function requireFolder(spec: DataSpec): Promise<string> {
  const { path, kind } = await requirePath(spec);
  if (kind === 'folder') return path;
  throw new RetrievalGuardError('DATASET_LAYOUT', {
    expected: `a folder for ${spec.scheme}:`,
    got: `the file ${path}`,
    fix: 'Pass the folder that holds it, or another scheme.',
  });
}

/**
 * The folder that holds `marker`: that of the spec or its sub-folder `nested`, since archives unpack into a folder of their own.
 * @throws DATASET_LAYOUT, naming what is expected and what is missing, when neither does
 */
export async function requireBase(
  spec: DataSpec,
  nested: string,
  marker: string,
  { expected, missing }: { expected: string; missing: string },
): Promise<string> {
  const path = await requireFolder(spec);
  for (const base of [path, join(path, nested)]) if (await kindOf(join(base, marker))) return base;
  throw new RetrievalGuardError('DATASET_LAYOUT', {
    expected,
    got: `${missing} in ${path}`,
    fix: `Pass the folder ${nested} as it was unpacked.`,
  });
}

/** One line of a text file, with its number counted from 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/**
 * The whole of a text file: UTF-8, or UTF-16 where its byte-order mark says so.
 * @throws DATASET_LAYOUT when it cannot be read, and for other encodings, naming the first line that shows it
 */
export async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return Buffer.from(bytes.subarray(2, 2 + 2 * Math.floor((bytes.length - 2) / 2)))
      .swap16()
      .toString('utf16le');
  if (isUtf8(bytes)) return bytes.toString('utf8').replace(/^\uFEFF/, '');
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start);
    const whole = bytes.subarray(start, end < 0 ? bytes.length : end);
    if (!isUtf8(whole)) {
      throw badLine(
        path,
        line,
        'text in UTF-8, or in UTF-16 with a byte-order mark',
        whole.toString('latin1').trim(),
        'Save the file as UTF-8 (in a spreadsheet program: "CSV UTF-8").',
      );
    }
    start = end < 0 ? bytes.length : end + 1;
  }
  throw badLine(path, line, 'text in UTF-8', '');
}

/** The whole of a file that a layout needs; throws DATASET_LAYOUT when it cannot be read. */
export async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected: `the file ${path}`,
      got: reasonOf(cause),
      fix: 'Unpack the dataset as it was downloaded, or check the path.',
      cause,
    });
  }
}

/** The lines of a text file that are not blank, trimmed; any line ends. */
export async function readLines(path: string): Promise<Line[]> {
  const lines = (await readText(path)).split(/\r\n|\n|\r/);
  return lines.map((text, i) => ({ number: i + 1, text: text.trim() })).filter(({ text }) => text !== '');
}

/** A line that does not fit its layout. */
export function badLine(
  path: string,
  line: number,
  expected: string,
  got: string,
  fix?: string,
): RetrievalGuardError {
  return new RetrievalGuardError('DATASET_LAYOUT', {
    expected,
    got: `${JSON.stringify(got)} at ${path}:${line}`,
    fix,
  });
}

/** The short reason of a system error: "no such file or directory" rather than a stack. */
export function reasonOf(cause: unknown): string {
  if (isSystemError(cause, 'ENOENT')) return 'no such file';
  return isSystemError(cause) ? cause.code : messageOf(cause);
}
