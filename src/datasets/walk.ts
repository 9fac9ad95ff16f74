/** Finds files below a folder, whatever the order of the file system; follows links and survives their cycles. */
import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { reasonOf } from './dataset-files.ts';
import { LeftOut } from './left-out.ts';

/**
 * The ordinary files below `root` whose name passes `wanted`, as path components relative to `root`, in code-unit order of each
 * component; whatever else lies there is counted in `leftOut`. A link to a folder is entered unless that folder is one of those it lies in;
 * one that leads out of the dataset is left out, so that what a dataset holds is what its folder shows.
 *
 * @param dataset - folder that links may lead to
 */
export async function walk(
  root: string,
  wanted: (name: string) => boolean,
  leftOut: LeftOut = new LeftOut(),
  dataset: string = root,
): Promise<string[][]> {
  const found: string[][] = [];
  const realRoot = await realpath(root);
  const inside = [realRoot, await realpath(dataset)];
  await visit(root, [], [realRoot]);
  return found;

  async function visit(folder: string, parts: string[], realAncestors: string[]): Promise<void> {
    const entries = await listFolder(folder, leftOut, parts).catch((error: unknown) => {
      if (parts.length === 0) throw error;
      leftOut.add('locked', parts.join('/'));
      return [];
    });
    for (const entry of entries) {
      const path = join(folder, entry.name);
      const inner = [...parts, entry.name];
      if (entry.kind === 'folder') {
        const real = entry.link
          ? await realpath(path)
          : join(realAncestors[realAncestors.length - 1], entry.name);
        if (entry.link && leadsOut(real)) leftOut.add('outside', inner.join('/'));
        else if (!realAncestors.includes(real)) await visit(path, inner, [...realAncestors, real]);
      } else if (entry.kind !== 'file') leftOut.add(entry.kind, inner.join('/'));
      else if (wanted(entry.name)) {
        if (entry.link && leadsOut(await realpath(path))) leftOut.add('outside', inner.join('/'));
        else found.push(inner);
      } else leftOut.add(/\.hei[cf]$/i.test(entry.name) ? 'heic' : 'kind', inner.join('/'));
    }
  }

  function leadsOut(real: string): boolean {
    return inside.every((folder) => real !== folder && !real.startsWith(folder + sep));
  }
}

/** One name in a folder. */
export interface FolderEntry {
  readonly name: string;
  /** What it is, links followed. */
  readonly kind: 'file' | 'folder' | 'special' | 'dangling';
  readonly link: boolean;
}

const SYSTEM = new Set(['__macosx', '@eadir', 'thumbs.db', 'desktop.ini', '$recycle.bin', 'lost+found']);
const isHidden = (name: string): boolean => name.startsWith('.') || SYSTEM.has(name.toLowerCase());

/** The names in a folder in code-unit order, without hidden ones and those of the system, which are counted. */
export async function listFolder(
  folder: string,
  leftOut: LeftOut = new LeftOut(),
  parts: readonly string[] = [],
): Promise<FolderEntry[]> {
  const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' }).catch(
    (cause: unknown) => {
      throw new RetrievalGuardError('DATASET_LAYOUT', {
        expected: `a readable folder ${folder}`,
        got: reasonOf(cause),
        cause,
      });
    },
  );
  const listed: FolderEntry[] = [];
  for (const entry of entries) {
    const name = entry.name.toString('utf8');
    const path = [...parts, name].join('/');
    if (!isUtf8(entry.name)) leftOut.add('name', path);
    else if (isHidden(name)) leftOut.add('hidden', path);
    else {
      const link = entry.isSymbolicLink();
      const target = link ? await stat(join(folder, name)).catch((): null => null) : entry;
      listed.push({ name, kind: target === null ? 'dangling' : kindOf(target), link });
    }
  }
  return listed.sort((a, b) => compareText(a.name, b.name));
}

const kindOf = (target: Pick<Stats, 'isDirectory' | 'isFile'>): 'file' | 'folder' | 'special' =>
  target.isDirectory() ? 'folder' : target.isFile() ? 'file' : 'special';

/** Order by UTF-16 code units: the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
