/** Writing the report. */
import { dirname, resolve } from 'node:path';
import { guard, makeFolders, writeFileWhole } from '../output.ts';

/**
 * Writes the page, all or nothing. A file of that name is replaced; the folder is made.
 * @throws OUTPUT_UNWRITABLE
 */
export async function writeReport(path: string, html: string): Promise<void> {
  const target = resolve(path);
  await guard(target, () => makeFolders(dirname(target)));
  await writeFileWhole(target, html);
}
