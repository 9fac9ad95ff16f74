/** Files and folders on disk: items, image extensions, text lines, and messages that say which file is missing. */
import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import type { DataSpec } from './spec.ts';
import type { DatasetItem } from './types.ts';

/** Extensions of the image files that a folder is searched for (those that the decoder reads). */
export const IMAGE_EXTENSIONS: readonly string[] = [
  '.jpg',
  '.jpeg',
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

async function readImage(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
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
  const suffix = /@([A-Za-z]+)$/.exec(spec.path);
  throw new RetrievalGuardError('DATASET_LAYOUT', {
    expected: `an existing path for ${spec.scheme}:`,
    got: `${path}, which does not exist`,
    fix: suffix
      ? `'${suffix[1]}' is not the name of a split: it was read as part of the path.`
      : 'Check the path.',
  });
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
 * The folder that holds `marker`: `path` itself or its sub-folder `nested`, since archives unpack into a folder of
 * their own. Null when neither does.
 */
export async function findBase(path: string, nested: string, marker: string): Promise<string | null> {
  for (const base of [path, join(path, nested)]) if (await kindOf(join(base, marker))) return base;
  return null;
}

/** One line of a text file, with its number counted from 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/** The whole of a UTF-8 file, without a byte order mark; throws DATASET_LAYOUT when it cannot be read. */
export async function readText(path: string): Promise<string> {
  return (await readBytes(path)).toString('utf8').replace(/^\uFEFF/, '');
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
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : null;
  return code === 'ENOENT' ? 'no such file' : (code ?? cause.message);
}
