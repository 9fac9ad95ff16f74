/**
 * `list:FILE` — one image a line: `path, label[, …]`. The comma may have spaces around it; further fields, blank lines
 * and lines that begin with '#' are skipped; paths are relative to the file. `list:FOLDER@train` reads
 * FOLDER/train.txt (by any usual name of the split), and `list:FOLDER` all such lists that exist.
 */
import { dirname, join } from 'node:path';
import { RetrievalGuardError } from '../../errors.ts';
import { badLine, listedItem, readLines, requirePath } from '../dataset-files.ts';
import type { DataSpec } from '../spec.ts';
import { splitOf } from '../splits.ts';
import type { FoundDataset, FoundItem } from '../dataset.ts';
import { listFolder } from '../walk.ts';

/** Lists the images that a text file names. */
export async function findList(spec: DataSpec): Promise<FoundDataset> {
  const { path, kind } = await requirePath(spec);
  if (kind === 'file') {
    if (spec.split === null) return { root: dirname(path), found: await readList(path) };
    throw new RetrievalGuardError('DATASET_SPEC', {
      expected: `a folder that holds ${spec.split}.txt for @${spec.split}`,
      got: `the single file ${path}`,
      fix: `Leave out @${spec.split}, or pass the folder.`,
    });
  }
  const found: FoundItem[] = [];
  for (const file of await listsOf(path, spec)) found.push(...(await readList(file)));
  return { root: path, found };
}

async function listsOf(folder: string, { split }: DataSpec): Promise<string[]> {
  const lists = (await listFolder(folder))
    .filter(({ name, kind }) => kind === 'file' && /\.txt$/i.test(name) && splitOf(name.slice(0, -4)))
    .map(({ name }) => name);
  const wanted = split === null ? lists : lists.filter((name) => splitOf(name.slice(0, -4)) === split);
  if (wanted.length > 0 && (split === null || wanted.length === 1))
    return wanted.map((name) => join(folder, name));
  throw new RetrievalGuardError('DATASET_LAYOUT', {
    expected: split === null ? 'train.txt, val.txt or test.txt' : `one ${split}.txt for @${split}`,
    got: `${(wanted.length > 0 ? wanted : lists).join(', ') || 'none'} in ${folder}`,
    fix: 'Name the list file itself, or use folder: for class folders.',
  });
}

async function readList(file: string): Promise<FoundItem[]> {
  const root = dirname(file);
  const found: FoundItem[] = [];
  for (const { number, text } of await readLines(file)) {
    if (text.startsWith('#')) continue;
    const [path, label] = text.split(',').map((field) => field.trim());
    if (!path || !label) {
      throw badLine(
        file,
        number,
        'a line "path, label"',
        text,
        'Separate the path and the label with a comma.',
      );
    }
    found.push({ item: await listedItem(root, path, label), where: `${file}:${number}`, rawLabel: label });
  }
  return found;
}
