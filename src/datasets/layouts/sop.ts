/**
 * `sop:PATH` — Stanford Online Products as downloaded (Oh Song et al., CVPR 2016): Ebay_train.txt (11,318 classes) and
 * Ebay_test.txt (11,316 others), with the header `image_id class_id super_class_id path`. The label is the class id.
 */
import { join } from 'node:path';
import { badLine, fileItem, readLines, requireBase } from '../dataset-files.ts';
import type { DataSpec } from '../spec.ts';
import type { FoundDataset, FoundItem } from '../dataset.ts';

const HEADER = 'image_id class_id super_class_id path';

/** Lists the images of Stanford Online Products. */
export async function findSop(spec: DataSpec): Promise<FoundDataset> {
  const splits = spec.split === null ? ['train', 'test'] : [spec.split];
  const first = `Ebay_${splits[0]}.txt`;
  const nested = 'Stanford_Online_Products';
  const root = await requireBase(spec, nested, first, { expected: first, missing: 'none' });
  const found: FoundItem[] = [];
  for (const split of splits) found.push(...(await readEbay(root, `Ebay_${split}.txt`)));
  return { root, found };
}

async function readEbay(root: string, name: string): Promise<FoundItem[]> {
  const file = join(root, name);
  const [header, ...lines] = await readLines(file);
  if (header?.text.replace(/\s+/g, ' ') !== HEADER) {
    throw badLine(file, header?.number ?? 1, `the header "${HEADER}"`, header?.text ?? '');
  }
  return lines.map(({ number, text }) => {
    const fields = /^\d+\s+(\d+)\s+\d+\s+(.+)$/.exec(text);
    if (!fields) throw badLine(file, number, `a line "${HEADER}"`, text);
    return { item: fileItem(root, fields[2], fields[1]), where: `${file}:${number}` };
  });
}
