/**
 * `list:FILE` — one image a line: `path, label[, …]`. The comma may have spaces around it; further fields, blank lines
 * and lines that begin with '#' are skipped; paths are relative to the file. `list:FOLDER@train` reads
 * FOLDER/train.txt, and `list:FOLDER` those of train.txt, val.txt and test.txt that exist.
 */
import { dirname, join } from 'node:path';
import { RetrievalGuardError } from '../../errors.ts';
import { badLine, fileItem, kindOf, readLines, requirePath } from '../files.ts';
import { type DataSpec, SCHEME_SPLITS } from '../spec.ts';
import type { FoundDataset, FoundItem } from '../types.ts';

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

async function listsOf(folder: string, spec: DataSpec): Promise<string[]> {
  const wanted = spec.split === null ? SCHEME_SPLITS.list : [spec.split];
  const files: string[] = [];
  for (const split of wanted) {
    const file = join(folder, `${split}.txt`);
    if ((await kindOf(file)) === 'file') files.push(file);
  }
  if (files.length > 0) return files;
  throw new RetrievalGuardError('DATASET_LAYOUT', {
    expected: wanted.map((split) => `${split}.txt`).join(' or '),
    got: `none in ${folder}`,
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
    found.push({ item: fileItem(root, path, label), where: `${file}:${number}` });
  }
  return found;
}
