/**
 * `cars196:PATH` — CARS196 as downloaded (Krause et al. 2013), in either of its layouts:
 *
 *     cars_annos.mat, car_ims/                                                      all images in one folder
 *     devkit/cars_train_annos.mat, cars_train/,
 *     cars_test_annos_withlabels.mat (here or in devkit/), cars_test/               the challenge's folders
 *
 * The retrieval protocol splits by class: @train is classes 1–98 and @test 99–196, whichever folder an image lies in
 * (the challenge's own split is for classification). The label is the class's number and name,
 * '001.AM General Hummer SUV 2000', or only the number where the names (devkit/cars_meta.mat) are missing.
 */
import { join } from 'node:path';
import { RetrievalGuardError } from '../../errors.ts';
import { fileItem, kindOf, readBytes, requireFolder } from '../dataset-files.ts';
import { type MatValue, type MatVariables, parseMat } from '../mat.ts';
import type { DataSpec } from '../spec.ts';
import type { FoundDataset, FoundItem } from '../dataset.ts';

/** The last class of @train. */
const LAST_TRAIN_CLASS = 98;

/** One element of `annotations`. */
interface Annotation {
  image: string;
  classId: number;
  where: string;
}

/** Lists the images of CARS196. */
export async function findCars196(spec: DataSpec): Promise<FoundDataset> {
  const root = await requireFolder(spec);
  const { annotations, names } = (await kindOf(join(root, 'cars_annos.mat')))
    ? await readSingle(root)
    : await readDevkit(root);
  const found: FoundItem[] = [];
  for (const { image, classId, where } of annotations) {
    const split = classId <= LAST_TRAIN_CLASS ? 'train' : 'test';
    if (spec.split !== null && spec.split !== split) continue;
    found.push({ item: fileItem(root, image, labelOf(classId, names)), where });
  }
  return { root, found };
}

function labelOf(classId: number, names: readonly string[]): string {
  const number = String(classId).padStart(3, '0');
  const name = names[classId - 1];
  return name ? `${number}.${name}` : number;
}

async function readSingle(root: string): Promise<{ annotations: Annotation[]; names: string[] }> {
  const file = join(root, 'cars_annos.mat');
  const variables = await readMat(file);
  return {
    annotations: readAnnotations(variables, 'relative_im_path', '', file),
    names: readNames(variables),
  };
}

async function readDevkit(root: string): Promise<{ annotations: Annotation[]; names: string[] }> {
  const train = await firstOf(root, ['devkit/cars_train_annos.mat', 'cars_train_annos.mat']);
  const test = await firstOf(root, [
    'cars_test_annos_withlabels.mat',
    'devkit/cars_test_annos_withlabels.mat',
  ]);
  if (train === null || test === null) {
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected:
        'cars_annos.mat with car_ims/, or devkit/cars_train_annos.mat with cars_test_annos_withlabels.mat, cars_train/ and cars_test/',
      got: `no ${train === null ? 'cars_annos.mat or devkit/cars_train_annos.mat' : 'cars_test_annos_withlabels.mat'} in ${root}`,
      fix: 'Download the annotation files with labels: the split by class needs the labels of all images.',
    });
  }
  const meta = await firstOf(root, ['devkit/cars_meta.mat', 'cars_meta.mat']);
  return {
    annotations: [
      ...readAnnotations(await readMat(train), 'fname', 'cars_train', train),
      ...readAnnotations(await readMat(test), 'fname', 'cars_test', test),
    ],
    names: meta === null ? [] : readNames(await readMat(meta)),
  };
}

async function firstOf(root: string, names: readonly string[]): Promise<string | null> {
  for (const name of names) if (await kindOf(join(root, name))) return join(root, name);
  return null;
}

async function readMat(file: string): Promise<MatVariables> {
  return parseMat(await readBytes(file), file);
}

function readAnnotations(
  variables: MatVariables,
  pathField: string,
  folder: string,
  file: string,
): Annotation[] {
  const array = variables.get('annotations');
  if (array?.kind !== 'struct' || !array.fields.includes(pathField) || !array.fields.includes('class')) {
    const got =
      array?.kind === 'struct'
        ? `the fields ${array.fields.join(', ')}`
        : (array?.kind ?? 'no such variable');
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected: `a struct array 'annotations' with the fields ${pathField} and class in ${file}`,
      got,
    });
  }
  return array.elements.map((element, i) => {
    const where = `${file}, annotations(${i + 1})`;
    const image = textOf(element[pathField]);
    const classId = numberOf(element.class);
    if (!image || classId === null || !Number.isInteger(classId) || classId < 1) {
      throw new RetrievalGuardError('DATASET_LABELS', {
        expected: `an image path and a class number ≥ 1 in ${where}`,
        got: `${pathField} = ${JSON.stringify(image)}, class = ${classId}`,
      });
    }
    return { image: join(folder, image), classId, where };
  });
}

function readNames(variables: MatVariables): string[] {
  const names = variables.get('class_names');
  return names?.kind === 'cell' ? names.cells.map((cell) => textOf(cell) ?? '') : [];
}

function textOf(value: MatValue | undefined): string | null {
  return value?.kind === 'char' ? (value.rows[0] ?? '') : null;
}

function numberOf(value: MatValue | undefined): number | null {
  return value?.kind === 'numeric' && value.data.length === 1 ? value.data[0] : null;
}
