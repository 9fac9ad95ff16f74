/** Opens a dataset from its --data notation. */
import { createHash } from 'node:crypto';
import { RetrievalGuardError } from '../errors.ts';
import { fingerprintOf } from './fingerprint.ts';
import { findCars196 } from './layouts/cars196.ts';
import { findCsv } from './layouts/csv.ts';
import { findCub200 } from './layouts/cub200.ts';
import { findFolder } from './layouts/folder.ts';
import { findGlyphs } from './layouts/glyphs.ts';
import { findList } from './layouts/list.ts';
import { findOmniglot } from './layouts/omniglot.ts';
import { findSop } from './layouts/sop.ts';
import { drawSample, type SampleOptions } from './sample.ts';
import { type ClassPart, type DataSpec, parseDataSpec, type Scheme } from './spec.ts';
import type { Dataset, FoundDataset, FoundItem } from './dataset.ts';
import { compareText } from './walk.ts';

/** Options of {@link openDataset}. */
export type OpenOptions = SampleOptions;

const LAYOUTS: { readonly [S in Scheme]: (spec: DataSpec) => Promise<FoundDataset> } = {
  folder: findFolder,
  list: findList,
  csv: findCsv,
  sop: findSop,
  cub200: findCub200,
  cars196: findCars196,
  glyphs: findGlyphs,
  omniglot: findOmniglot,
};

/**
 * Opens a dataset; images are listed, not read. Files that a list names but that do not exist stay in it and fail when
 * they are read, so that the caller can count them.
 *
 * @example
 * const test = await openDataset('sop:Stanford_Online_Products@test', { limit: 1000, seed: 7 });
 * for (const item of test.items) console.log(item.id, item.label, (await item.read()).length);
 */
export async function openDataset(spec: string, options: OpenOptions = {}): Promise<Dataset> {
  const parsed = parseDataSpec(spec);
  const { root, found: all, leftOut } = await LAYOUTS[parsed.scheme](parsed);
  const found = all.filter(({ item }) => isIn(parsed.classes, item.label));
  if (found.length === 0) {
    throw new RetrievalGuardError('DATASET_EMPTY', {
      expected: 'at least one image',
      got: [`none in ${spec}`, leftOut?.note()].filter(Boolean).join('; '),
      fix:
        all.length > 0
          ? 'Another part of its classes holds them.'
          : parsed.split === null
            ? 'Check the path and the scheme.'
            : `Check the path, or leave out @${parsed.split}.`,
    });
  }
  const byItem = new Map(settle(found, spec).map((one) => [one.item, one]));
  const items = drawSample([...byItem.keys()], options);
  return {
    spec,
    root,
    split: parsed.split,
    items,
    labels: [...new Set(items.map((item) => item.label))].sort(compareText),
    notes: [leftOut?.note(), mergedLabels(all)].filter((note) => typeof note === 'string'),
    fingerprint: await fingerprintOf(items.map((item) => byItem.get(item)!)),
  };
}

/**
 * Whether a class is of a part. It depends on the label alone, by its SHA-256, so a class is in the same part in every split of a
 * dataset and however much of it is there; parts are of about equal size where classes are many.
 */
function isIn(classes: ClassPart | undefined, label: string): boolean {
  if (classes === undefined) return true;
  const number = createHash('sha256').update(label).digest().readUInt32BE(0);
  return (number % classes.of) + 1 === classes.part;
}

/** Labels that were written differently and are one after trimming and Unicode normalisation. */
function mergedLabels(found: readonly FoundItem[]): string | null {
  const spellings = new Map<string, Set<string>>();
  for (const { item, rawLabel } of found)
    if (rawLabel !== undefined)
      spellings.set(item.label, (spellings.get(item.label) ?? new Set()).add(rawLabel));
  const merged = [...spellings].filter(([, raw]) => raw.size > 1);
  if (merged.length === 0) return null;
  const [label, raw] = merged[0];
  return `labels that differ in spaces or in Unicode's form alone are taken as one: ${[...raw].map((one) => JSON.stringify(one)).join(' and ')} as ${JSON.stringify(label)}${merged.length > 1 ? `, and ${merged.length - 1} more` : ''}`;
}

/** In the order of ids, each once; throws DATASET_LABELS for an empty label or two labels for one image. */
function settle(found: readonly FoundItem[], spec: string): FoundItem[] {
  const byId = new Map<string, FoundItem>();
  for (const one of found) {
    const { id, label } = one.item;
    const earlier = byId.get(id);
    if (label === '') {
      throw new RetrievalGuardError('DATASET_LABELS', {
        expected: 'a label for every image',
        got: `none for ${id} in ${one.where ?? spec}`,
      });
    }
    if (earlier && earlier.item.label !== label) {
      throw new RetrievalGuardError('DATASET_LABELS', {
        expected: 'one label for each image',
        got: `'${earlier.item.label}' and '${label}' for ${id} (${earlier.where ?? spec} and ${one.where ?? spec})`,
        fix: 'Keep one of the two.',
      });
    }
    if (!earlier) byId.set(id, one);
  }
  return [...byId.values()].sort((a, b) => compareText(a.item.id, b.item.id));
}
