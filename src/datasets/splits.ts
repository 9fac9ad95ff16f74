/** The parts of a dataset, by whatever usual name. */

/** A part of a dataset. */
export type Split = 'train' | 'val' | 'test' | 'query' | 'gallery' | 'background' | 'evaluation';

/** The names of each part, in lower case; the first stands for all. */
const NAMES: Readonly<Record<Split, readonly string[]>> = {
  train: ['train', 'training', 'trn'],
  val: ['val', 'valid', 'validation', 'dev', 'development'],
  test: ['test', 'testing', 'tst'],
  query: ['query', 'queries', 'probe', 'probes'],
  gallery: ['gallery', 'galleries'],
  background: ['background'],
  evaluation: ['evaluation', 'eval'],
};

/** Every part, by the name that stands for it. */
export const SPLITS = Object.keys(NAMES) as readonly Split[];

/** The part that a name means, in upper or lower case; null for any other name. */
export function splitOf(name: string): Split | null {
  const lower = name.toLowerCase();
  return SPLITS.find((split) => NAMES[split].includes(lower)) ?? null;
}

/** Every name of every part, for messages. */
export const splitNames = (): string => SPLITS.map((split) => NAMES[split].join(' or ')).join(', ');
