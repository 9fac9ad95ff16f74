/**
 * `omniglot:PATH` — Omniglot (Lake et al. 2015): drawings `<Alphabet>/characterNN/<id>_<drawer>.png`, found
 *
 *     in a zip archive        omniglot:images_background.zip
 *     in a folder of them     omniglot:PATH   with images_background*.zip, images_evaluation.zip
 *     in unpacked folders     omniglot:PATH   at any depth
 *
 * The class is 'Alphabet/characterNN'. @background and @evaluation take what lies in an archive or folder called
 * images_background… or images_evaluation…; `?alphabets=Greek+Korean` takes only these alphabets. The small background
 * sets overlap: a drawing (alphabet, character, file name) found twice counts once, the first by name of its source.
 */
import { basename, dirname, join } from 'node:path';
import { RetrievalGuardError } from '../../errors.ts';
import { fileItem, requirePath } from '../dataset-files.ts';
import type { DataSpec } from '../spec.ts';
import type { FoundDataset, FoundItem } from '../dataset.ts';
import { compareText, listFolder, walk } from '../walk.ts';
import { listZip, readZipEntry } from '../zip.ts';

/** A drawing in one of the sources. */
interface Drawing {
  found: FoundItem;
  alphabet: string;
  /** Alphabet, character and file name. */
  key: string;
  split: string | null;
  /** CRC-32 of the file where an archive tells it. */
  crc?: number;
}

/** Lists the drawings of Omniglot. */
export async function findOmniglot(spec: DataSpec): Promise<FoundDataset> {
  const { path, kind } = await requirePath(spec);
  const root = kind === 'file' ? dirname(path) : path;
  const all = kind === 'file' ? await drawingsInZip(root, basename(path)) : await drawingsInFolder(root);
  if (all.length === 0) {
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected: 'drawings <Alphabet>/characterNN/*.png, or archives images_*.zip that hold them',
      got: `none in ${path}`,
    });
  }
  const inSplit = all.filter(({ split }) => spec.split === null || split === spec.split);
  if (inSplit.length === 0) {
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected: `an archive or folder images_${spec.split}… for @${spec.split}`,
      got: `none in ${path}`,
      fix: `Leave out @${spec.split}, or split by ?alphabets=A+B.`,
    });
  }
  return { root, found: onlyOnce(filterAlphabets(inSplit, spec)).map(({ found }) => found) };
}

function filterAlphabets(drawings: readonly Drawing[], { alphabets }: DataSpec): readonly Drawing[] {
  if (alphabets === undefined) return drawings;
  const present = new Set(drawings.map(({ alphabet }) => alphabet));
  const unknown = alphabets.filter((alphabet) => !present.has(alphabet));
  if (unknown.length > 0) {
    throw new RetrievalGuardError('DATASET_SPEC', {
      expected: `alphabets among ${[...present].sort(compareText).join(', ')}`,
      got: unknown.join(', '),
    });
  }
  return drawings.filter(({ alphabet }) => alphabets.includes(alphabet));
}

/** The first of each drawing in the order of ids; throws when two archives disagree about one. */
function onlyOnce(drawings: readonly Drawing[]): Drawing[] {
  const byKey = new Map<string, Drawing>();
  for (const drawing of drawings.toSorted((a, b) => compareText(a.found.item.id, b.found.item.id))) {
    const earlier = byKey.get(drawing.key);
    if (!earlier) byKey.set(drawing.key, drawing);
    else if (earlier.crc !== undefined && drawing.crc !== undefined && earlier.crc !== drawing.crc) {
      throw new RetrievalGuardError('DATASET_LAYOUT', {
        expected: `the same picture wherever ${drawing.key} occurs`,
        got: `different contents in ${earlier.found.item.id} and ${drawing.found.item.id}`,
        fix: 'Download the archives again, or pass one of them.',
      });
    }
  }
  return [...byKey.values()];
}

async function drawingsInFolder(root: string): Promise<Drawing[]> {
  const drawings: Drawing[] = [];
  for (const parts of await walk(root, isPng)) {
    const place = placeOf([basename(root), ...parts]);
    if (place)
      drawings.push({ ...place, found: { item: fileItem(root, join(root, ...parts), place.label) } });
  }
  for (const { name, kind } of await listFolder(root)) {
    if (kind === 'file' && /^images_.*\.zip$/i.test(name))
      drawings.push(...(await drawingsInZip(root, name)));
  }
  return drawings;
}

async function drawingsInZip(root: string, name: string): Promise<Drawing[]> {
  const file = join(root, name);
  const drawings: Drawing[] = [];
  for (const entry of await listZip(file)) {
    const parts = entry.name.split('/');
    const place = isPng(entry.name) ? placeOf([name, ...parts]) : null;
    if (!place) continue;
    const id = `${name}/${entry.name}`.normalize('NFC');
    const item = { id, label: place.label, read: () => readZipEntry(file, entry) };
    drawings.push({ ...place, crc: entry.crc32, found: { item, size: entry.size } });
  }
  return drawings;
}

/** Reads alphabet, character and split off a path's components; null for what is no drawing. */
function placeOf(
  parts: readonly string[],
): { alphabet: string; label: string; key: string; split: string | null } | null {
  const [alphabet, character, name] = parts.slice(-3);
  if (parts.length < 4 || name.startsWith('.') || !/^character\d+$/.test(character)) return null;
  const source = parts.slice(0, -3).findLast((part) => /^images_(background|evaluation)/.test(part));
  const split =
    source === undefined ? null : source.startsWith('images_background') ? 'background' : 'evaluation';
  const label = `${alphabet}/${character}`.normalize('NFC');
  return { alphabet, label, key: `${label}/${name}`, split };
}

function isPng(name: string): boolean {
  return name.toLowerCase().endsWith('.png');
}
