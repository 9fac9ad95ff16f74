/** items.jsonl: a line {"id", "label"} for each vector, in the vectors' order. */
import { RetrievalGuardError } from '../errors.ts';

/** Ids and labels of a gallery, parallel arrays. */
export interface Items {
  ids: readonly string[];
  labels: readonly string[];
}

/** The bytes of items.jsonl. */
export function encodeItems({ ids, labels }: Items): Buffer {
  const lines = ids.map((id, i) => `${JSON.stringify({ id, label: labels[i] })}\n`);
  return Buffer.from(lines.join(''), 'utf8');
}

/**
 * Reads the bytes of items.jsonl.
 * @throws GALLERY_INVALID naming the first wrong line.
 */
export function parseItems(bytes: Buffer, file: string): { ids: string[]; labels: string[] } {
  const ids: string[] = [];
  const labels: string[] = [];
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
  }
  return { ids, labels };
}

function parseItem(line: string): { id: string; label: string } | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('id' in value) || !('label' in value)) return null;
    const { id, label } = value;
    return typeof id === 'string' && typeof label === 'string' ? { id, label } : null;
  } catch {
    return null;
  }
}
