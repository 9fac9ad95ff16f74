/** items.jsonl: a line {"id", "label"} for each vector, in the vectors' order, and the picture's "sha256" where it is known. */
import * as z from 'zod';
import { RetrievalGuardError } from '../errors.ts';

/** Ids and labels of a gallery, parallel arrays. */
export interface Items {
  /** [count] one label an item, none empty. */
  labels: readonly string[];
  /** [count] one id an item, all different. */
  ids: readonly string[];
  /** [count] SHA-256 of each picture's file, in hex, to know it again under another id; absent where it is not known. */
  hashes?: readonly string[];
}

/** The bytes of items.jsonl. */
export function encodeItems({ ids, labels, hashes }: Items): Buffer {
  const lines = ids.map(
    (id, i) => `${JSON.stringify({ id, label: labels[i], ...(hashes && { sha256: hashes[i] }) })}\n`,
  );
  return Buffer.from(lines.join(''), 'utf8');
}

/**
 * Reads the bytes of items.jsonl.
 * @throws GALLERY_INVALID naming the first wrong line.
 */
export function parseItems(bytes: Buffer, file: string): Items {
  const ids: string[] = [];
  const labels: string[] = [];
  const hashes: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    let end = bytes.indexOf(10, start);
    if (end < 0) end = bytes.length;
    const line = bytes.toString('utf8', start, end);
    start = end + 1;
    const item = parseItem(line);
    if (!item) {
      throw new RetrievalGuardError('GALLERY_INVALID', {
        expected: `line ${ids.length + 1} of ${file} to be {"id": string, "label": string}`,
        got: line.length > 80 ? `${line.slice(0, 80)}…` : line || 'an empty line',
        fix: 'Build the gallery again.',
      });
    }
    ids.push(item.id);
    labels.push(item.label);
    if (item.sha256 !== undefined) hashes.push(item.sha256);
  }
  return { ids, labels, ...(hashes.length === ids.length && { hashes }) };
}

const ITEM = z.object({ id: z.string(), label: z.string(), sha256: z.string().optional() });

function parseItem(line: string): z.infer<typeof ITEM> | null {
  try {
    return ITEM.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
