/**
 * `folder:PATH` — one sub-folder per class; images at any depth below it.
 *
 *     PATH/<class>/…/image.jpg                          no splits
 *     PATH/train/<class>/…  PATH/val/…  PATH/test/…     @train, @val, @test, …, by any usual name (splits.ts); without a suffix all of them
 *
 * Ids stay relative to PATH ('test/cat/1.jpg'), so those of two splits never meet. Images that lie beside the class
 * folders have no class and are left out.
 */
import { join } from 'node:path';
import { RetrievalGuardError } from '../../errors.ts';
import { fileItem, isImageName, requireFolder } from '../dataset-files.ts';
import { LeftOut } from '../left-out.ts';
import type { DataSpec } from '../spec.ts';
import { type Split, splitOf } from '../splits.ts';
import type { FoundDataset, FoundItem } from '../dataset.ts';
import { listFolder, walk } from '../walk.ts';
import { count } from '../../words.ts';

/** Lists the images of a folder of class folders. */
export async function findFolder(spec: DataSpec): Promise<FoundDataset> {
  const root = await requireFolder(spec);
  const leftOut = new LeftOut();
  const bases = spec.split === null ? await basesOf(root, leftOut) : [await requireSplit(root, spec.split)];
  const found: FoundItem[] = [];
  let strays = 0;
  for (const base of bases) {
    for (const parts of await walk(join(root, base), isImageName, leftOut, root)) {
      if (parts.length > 1)
        found.push({ item: fileItem(root, join(root, base, ...parts), parts[0]), rawLabel: parts[0] });
      else {
        strays++;
        leftOut.add('stray', parts[0]);
      }
    }
  }
  if (found.length === 0 && strays > 0) {
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected: 'one sub-folder per class',
      got: `${count(strays, 'image')} directly in ${join(root, bases[0])}`,
      fix: 'Move them into class folders, or name their labels in a list: or csv: file.',
    });
  }
  return { root, found, leftOut };
}

const foldersOf = async (root: string): Promise<string[]> =>
  (await listFolder(root)).filter(({ kind }) => kind === 'folder').map(({ name }) => name);

/**
 * The folders that hold the class folders: those of splits where they are the only folders; else the root itself,
 * since a class may be called 'train'.
 */
async function basesOf(root: string, leftOut: LeftOut): Promise<string[]> {
  const folders = await foldersOf(root);
  const splits = folders.filter((name) => splitOf(name) !== null);
  if (splits.length === 0) return ['.'];
  if (splits.length === folders.length) {
    for (const { name, kind } of await listFolder(root, leftOut))
      if (kind === 'file') leftOut.add('stray', name);
    return splits;
  }
  // one folder of pictures is a class; one of folders is a split
  if (splits.length === 1 && (await foldersOf(join(root, splits[0]))).length === 0) return ['.'];
  throw new RetrievalGuardError('DATASET_LAYOUT', {
    expected: 'either class folders or folders of splits (train, val, test, …)',
    got: `both in ${root}: ${splits.join(', ')} beside ${folders.find((name) => splitOf(name) === null)}`,
    fix: `Choose a split, for example folder:${root}@${splits[0]}; where it is a class, put the classes into a folder of their own.`,
  });
}

async function requireSplit(root: string, split: Split): Promise<string> {
  const folders = await foldersOf(root);
  const named = folders.filter((name) => splitOf(name) === split);
  if (named.length === 1) return named[0];
  if (named.length > 1) {
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected: `one sub-folder for @${split}`,
      got: `${named.join(' and ')} in ${root}`,
      fix: `Name one of them itself, for example folder:${join(root, named[0])}.`,
    });
  }
  const splits = folders.filter((name) => splitOf(name) !== null);
  throw new RetrievalGuardError('DATASET_LAYOUT', {
    expected: `a sub-folder '${split}' for @${split}`,
    got: splits.length > 0 ? `the splits ${splits.join(', ')} in ${root}` : `no splits in ${root}`,
    fix: splits.length > 0 ? 'Choose one of them.' : `Leave out @${split}.`,
  });
}
