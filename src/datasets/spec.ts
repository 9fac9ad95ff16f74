/**
 * The --data notation:
 *
 *     [scheme:]path[?filter][@split]
 *
 * `glyphs`, with no path, is the dataset that comes with the package. `scheme` is one of {@link SCHEMES}. Without one, a path that ends in .csv is `csv:`, in .txt `list:`, and any other
 * `folder:`. `@split` counts only when it ends the notation and is a name of one of {@link SPLITS} (`@validation` is `@val`); any other '@'
 * belongs to the path. For a path that itself ends in, say, '@test', add a slash: `folder:photos@test/`.
 *
 * The filter chooses classes: `?classes=1/3` the first of three parts into which they fall, for trainings and tests on
 * different classes of one dataset; `?alphabets=A+B`, for `omniglot:`, the characters of some alphabets.
 */
import { resolve } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { SPLITS, type Split, splitOf } from './splits.ts';

/** The layouts, and what each expects. */
export const SCHEMES = {
  folder: 'one sub-folder per class, optionally below train/, val/ and test/',
  list: 'a text file with lines "path, label", or a folder with train.txt, val.txt, test.txt',
  csv: 'a CSV file with a header and the columns path, label and optionally split',
  sop: 'Stanford Online Products: Ebay_train.txt and Ebay_test.txt',
  cub200: 'CUB-200-2011: images.txt, image_class_labels.txt, classes.txt and images/',
  cars196: 'CARS196: cars_annos.mat and car_ims/, or devkit/, cars_train/ and cars_test/',
  glyphs: 'the characters that come with the package; no path',
  omniglot: 'Omniglot: <Alphabet>/characterNN/*.png as folders, or the zip archives images_*.zip',
} as const;

/** One of the keys of {@link SCHEMES}. */
export type Scheme = keyof typeof SCHEMES;

/** The splits that a layout can have. */
export const SCHEME_SPLITS: { readonly [S in Scheme]: readonly Split[] } = {
  folder: SPLITS,
  list: SPLITS,
  csv: SPLITS,
  sop: ['train', 'test'],
  cub200: ['train', 'test'],
  cars196: ['train', 'test'],
  glyphs: ['train', 'test'],
  omniglot: ['background', 'evaluation'],
};

/** A parsed --data notation. */
export interface DataSpec {
  readonly scheme: Scheme;
  /** As written: relative paths stay relative. Empty for glyphs. */
  readonly path: string;
  /** null: all images. */
  readonly split: Split | null;
  /** Omniglot's filter: only these alphabets. */
  readonly alphabets?: readonly string[];
  /** Only the classes of one of so many parts; `part` counts from 1. By the hash of the label. */
  readonly classes?: ClassPart;
}

/** One of several disjoint parts of all classes. */
export interface ClassPart {
  readonly part: number;
  readonly of: number;
}

/** Parses the --data notation without looking at the disk; throws DATASET_SPEC. */
export function parseDataSpec(spec: string): DataSpec {
  const { scheme: named, rest: afterScheme } = takeScheme(spec);
  const { split, rest: afterSplit } = takeSplit(afterScheme);
  const { rest, ...filter } = takeFilter(afterSplit, named, spec);
  const bare = named === null && rest === 'glyphs';
  const scheme = bare ? 'glyphs' : named;
  const path = bare ? '' : rest;
  if (scheme === 'glyphs' && path !== '') {
    throw new RetrievalGuardError('DATASET_SPEC', {
      expected: 'glyphs without a path, as in glyphs@test',
      got: JSON.stringify(spec),
      fix: 'It comes with the package. For a folder write folder:PATH.',
    });
  }
  if (path === '' && scheme !== 'glyphs') {
    throw new RetrievalGuardError('DATASET_SPEC', {
      expected: `a path in the --data notation [scheme:]path[@split]`,
      got: JSON.stringify(spec),
      fix: 'Write for example folder:photos@test.',
    });
  }
  if (path.includes('\0')) {
    throw new RetrievalGuardError('DATASET_SPEC', {
      expected: 'a path without NUL characters',
      got: JSON.stringify(spec),
    });
  }
  const parsed = { scheme: scheme ?? schemeOfPath(path), path, split, ...filter };
  const splits = SCHEME_SPLITS[parsed.scheme];
  if (split === null || splits.includes(split)) return parsed;
  throw new RetrievalGuardError('DATASET_SPEC', {
    expected: `one of the splits of ${parsed.scheme}: (${splits.map((name) => `@${name}`).join(', ')}), or none for all images`,
    got: `@${split} in ${JSON.stringify(spec)}`,
    fix: `If the path itself ends in '@${split}', end it with a slash.`,
  });
}

/** Writes a notation that {@link parseDataSpec} reads back; always names the scheme. */
export function formatDataSpec({ scheme, path, split, alphabets, classes }: DataSpec): string {
  const filter = alphabets
    ? `?alphabets=${alphabets.join('+')}`
    : classes
      ? `?classes=${classes.part}/${classes.of}`
      : '';
  if (split === null && filter === '' && takeSplit(path).split !== null) return `${scheme}:${path}/`;
  const name = scheme === 'glyphs' ? scheme : `${scheme}:${path}`;
  return `${name}${filter}${split === null ? '' : `@${split}`}`;
}

/** A single letter before the colon is a Windows drive, not a scheme. */
function takeScheme(spec: string): { scheme: Scheme | null; rest: string } {
  const match = /^([A-Za-z][A-Za-z0-9+-]+):/.exec(spec);
  if (!match) return { scheme: null, rest: spec };
  const name = match[1];
  if (!isScheme(name)) {
    throw new RetrievalGuardError('DATASET_SPEC', {
      expected: `one of the schemes ${Object.keys(SCHEMES).join(', ')}`,
      got: `'${name}:' in ${JSON.stringify(spec)}`,
      fix: 'If the path itself holds a colon, put a scheme or ./ before it.',
    });
  }
  return { scheme: name, rest: spec.slice(match[0].length) };
}

function takeSplit(text: string): { split: Split | null; rest: string } {
  const at = text.lastIndexOf('@');
  const name = text.slice(at + 1);
  const split = at < 0 ? null : splitOf(name);
  return split === null ? { split: null, rest: text } : { split, rest: text.slice(0, at) };
}

function takeFilter(
  text: string,
  scheme: Scheme | null,
  spec: string,
): { alphabets?: string[]; classes?: ClassPart; rest: string } {
  // '?classes=' and what follows is a filter everywhere; other words may belong to a path, but for omniglot:
  const match = (scheme === 'omniglot' ? /\?([A-Za-z]+)=([^?\\]*)$/ : /\?(classes)=([^?\\]*)$/).exec(text);
  if (!match) return { rest: text };
  const [whole, name, value] = match;
  const rest = text.slice(0, match.index);
  if (takeSplit(rest).split !== null) {
    throw new RetrievalGuardError('DATASET_SPEC', {
      expected: 'the split after the filter, as in omniglot:PATH?alphabets=Greek@background',
      got: JSON.stringify(spec),
      fix: "If the path itself ends in a split's name, end it with a slash.",
    });
  }
  const part = /^(\d{1,6})\/(\d{1,6})$/.exec(value)?.slice(1).map(Number);
  if (name === 'classes' && part && part[0] >= 1 && part[0] <= part[1])
    return { classes: { part: part[0], of: part[1] }, rest };
  const alphabets = value.split('+');
  if (name === 'alphabets' && !alphabets.includes('') && !value.includes('/')) return { alphabets, rest };
  throw new RetrievalGuardError('DATASET_SPEC', {
    expected: `a filter of the form ?classes=1/2${scheme === 'omniglot' ? ' or ?alphabets=Balinese+Korean' : ''}`,
    got: `'${whole}' in ${JSON.stringify(spec)}`,
  });
}

function schemeOfPath(path: string): Scheme {
  if (/\.csv$/i.test(path)) return 'csv';
  if (/\.txt$/i.test(path)) return 'list';
  return 'folder';
}

function isScheme(name: string): name is Scheme {
  return Object.hasOwn(SCHEMES, name);
}

/** The notation with an absolute path, as a run folder keeps it. @throws DATASET_SPEC as {@link parseDataSpec} does */
export function absoluteSpec(spec: string): string {
  const parsed = parseDataSpec(spec);
  return formatDataSpec(parsed.scheme === 'glyphs' ? parsed : { ...parsed, path: resolve(parsed.path) });
}
