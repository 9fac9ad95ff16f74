/**
 * `folder:PATH` — one sub-folder per class; images at any depth below it.
 *
 *     PATH/<class>/…/image.jpg                          no splits
 *     PATH/train/<class>/…  PATH/val/…  PATH/test/…     @train, @val, @test; without a suffix all of them
 *
 * Ids stay relative to PATH ('test/cat/1.jpg'), so those of two splits never meet. Images that lie beside the class
 * folders have no class and are left out.
 */
import { join } from 'node:path';
import { RetrievalGuardError } from '../../errors.ts';
import { fileItem, isImageName, kindOf, requireFolder } from '../files.ts';
import { type DataSpec, SCHEME_SPLITS } from '../spec.ts';
import type { FoundDataset, FoundItem } from '../types.ts';
import { listFolder, walk } from '../walk.ts';

/** Lists the images of a folder of class folders. */
export async function findFolder(spec: DataSpec): Promise<FoundDataset> {
  const root = await requireFolder(spec);
  const bases = spec.split === null ? await basesOf(root) : [await requireSplit(root, spec.split)];
  const found: FoundItem[] = [];
  let strays = 0;
  for (const base of bases) {
    for (const parts of await walk(join(root, base), isImageName)) {
      if (parts.length === 1) strays++;
      else found.push({ item: fileItem(root, join(root, base, ...parts), parts[0]) });
    }
  }
  if (found.length === 0 && strays > 0) {
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected: 'one sub-folder per class',
      got: `${strays} images directly in ${join(root, bases[0])}`,
      fix: 'Move them into class folders, or name their labels in a list: or csv: file.',
    });
  }
  return { root, found };
}

/**
 * The folders that hold the class folders: train, val and test where they are the only folders; else the root itself,
 * since a class may be called 'train'.
 */
async function basesOf(root: string): Promise<string[]> {
  const folders = (await listFolder(root)).filter((entry) => entry.folder).map((entry) => entry.name);
  const isSplit = (name: string): boolean => SCHEME_SPLITS.folder.some((split) => split === name);
  const splits = folders.filter(isSplit);
  if (splits.length === 0) return ['.'];
  if (splits.length === folders.length) return splits;
  if (splits.length === 1) return ['.'];
  throw new RetrievalGuardError('DATASET_LAYOUT', {
    expected: 'either class folders or the split folders train, val, test',
    got: `both in ${root}: ${splits.join(', ')} beside ${folders.find((name) => !isSplit(name))}`,
    fix: `Choose a split, for example folder:${root}@${splits[0]}.`,
  });
}

async function requireSplit(root: string, split: string): Promise<string> {
  if ((await kindOf(join(root, split))) === 'folder') return split;
  throw new RetrievalGuardError('DATASET_LAYOUT', {
    expected: `a sub-folder '${split}' for @${split}`,
    got: `none in ${root}`,
    fix: `Leave out @${split} if the folder has no splits.`,
  });
}
