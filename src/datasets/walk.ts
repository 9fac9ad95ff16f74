/** Finds files below a folder, whatever the order of the file system; follows links and survives their cycles. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { reasonOf } from './files.ts';

/**
 * The files below `root` whose name passes `wanted`, as path components relative to `root`, in code-unit order of each
 * component. Names that begin with '.' and '__MACOSX' folders are skipped. A link to a folder is entered unless that
 * folder is one of those it lies in; a dangling link counts as a file.
 */
export async function walk(root: string, wanted: (name: string) => boolean): Promise<string[][]> {
  const found: string[][] = [];
  await visit(root, [], [await realpath(root)]);
  return found;

  async function visit(folder: string, parts: string[], realAncestors: string[]): Promise<void> {
    for (const entry of await listFolder(folder)) {
      const path = join(folder, entry.name);
      const inner = [...parts, entry.name];
      if (entry.folder) {
        const real = entry.link
          ? await realpath(path)
          : join(realAncestors[realAncestors.length - 1], entry.name);
        if (!realAncestors.includes(real)) await visit(path, inner, [...realAncestors, real]);
      } else if (wanted(entry.name)) found.push(inner);
    }
  }
}

/** One name in a folder. */
export interface FolderEntry {
  readonly name: string;
  /** True for folders and links to folders. */
  readonly folder: boolean;
  readonly link: boolean;
}

/** The names in a folder in code-unit order, without hidden ones. */
export async function listFolder(folder: string): Promise<FolderEntry[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected: `a readable folder ${folder}`,
      got: reasonOf(cause),
      cause,
    });
  });
  const listed: FolderEntry[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
    const link = entry.isSymbolicLink();
    const folderBehind = link
      ? await stat(join(folder, entry.name)).then(
          (target) => target.isDirectory(),
          () => false,
        )
      : entry.isDirectory();
    listed.push({ name: entry.name, folder: folderBehind, link });
  }
  return listed.sort((a, b) => compareText(a.name, b.name));
}

/** Order by UTF-16 code units: the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
