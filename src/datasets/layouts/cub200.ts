/**
 * `cub200:PATH` — CUB-200-2011 as downloaded (Wah et al. 2011): images.txt `<image> <path>`, image_class_labels.txt
 * `<image> <class>`, classes.txt `<class> <name>` and images/. The retrieval protocol splits by class: @train is
 * classes 1–100 and @test 101–200 (train_test_split.txt is for classification and not read). The label is the class's
 * name, '001.Black_footed_Albatross'.
 */
import { join } from 'node:path';
import { RetrievalGuardError } from '../../errors.ts';
import { badLine, fileItem, readLines, requireBase } from '../dataset-files.ts';
import type { DataSpec } from '../spec.ts';
import type { FoundDataset, FoundItem } from '../dataset.ts';

/** The last class of @train. */
const LAST_TRAIN_CLASS = 100;

/** Lists the images of CUB-200-2011. */
export async function findCub200(spec: DataSpec): Promise<FoundDataset> {
  const root = await requireBase(spec, 'CUB_200_2011', 'images.txt', {
    expected: 'images.txt, image_class_labels.txt, classes.txt and images/',
    missing: 'no images.txt',
  });
  const classOf = await readTable(join(root, 'image_class_labels.txt'), 'image_id class_id');
  const nameOf = await readTable(join(root, 'classes.txt'), 'class_id class_name');
  const found: FoundItem[] = [];
  const file = join(root, 'images.txt');
  for (const [image, { value, line }] of await readTable(file, 'image_id path')) {
    const classId = classOf.get(image)?.value;
    const name = classId === undefined ? undefined : nameOf.get(classId)?.value;
    if (classId === undefined || name === undefined) {
      throw new RetrievalGuardError('DATASET_LABELS', {
        expected: `a class for image ${image} (${file}:${line})`,
        got:
          classId === undefined
            ? 'none in image_class_labels.txt'
            : `class ${classId}, which classes.txt lacks`,
      });
    }
    const split = Number(classId) <= LAST_TRAIN_CLASS ? 'train' : 'test';
    if (spec.split !== null && spec.split !== split) continue;
    found.push({ item: fileItem(root, join('images', value), name), where: `${file}:${line}` });
  }
  return { root, found };
}

/** A file of lines "<number> <value>", by number. */
async function readTable(
  file: string,
  columns: string,
): Promise<Map<string, { value: string; line: number }>> {
  const table = new Map<string, { value: string; line: number }>();
  for (const { number: line, text } of await readLines(file)) {
    const fields = /^(\d+)\s+(.+)$/.exec(text);
    if (!fields) throw badLine(file, line, `a line "${columns}"`, text);
    table.set(fields[1], { value: fields[2], line });
  }
  return table;
}
