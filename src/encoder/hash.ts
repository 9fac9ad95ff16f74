/** SHA-256 of files and records. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * SHA-256 of a model, in hex. Without external data it is that of the file, as `sha256sum` prints it; each external
 * file adds its location, its size and its bytes.
 */
export async function hashModel(
  path: string,
  folder: string,
  externalData: readonly string[],
): Promise<string> {
  const hash = createHash('sha256');
  await addFile(hash, path);
  for (const location of externalData) {
    const file = join(folder, location);
    hash.update(`\0${location}\0${(await stat(file)).size}\0`);
    await addFile(hash, file);
  }
  return hash.digest('hex');
}

async function addFile(hash: Hash, path: string): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
}

/** SHA-256 of a record's JSON, in hex. */
export function hashRecord(record: unknown): string {
  return createHash('sha256').update(JSON.stringify(record)).digest('hex');
}
