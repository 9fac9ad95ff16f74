/** Writing the report. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { guard, makeFolders } from '../gallery/output.ts';

/**
 * Writes the page, all or nothing: into a hidden sibling, flushed, then renamed. A file of that name is replaced; the folder is made.
 * @throws OUTPUT_UNWRITABLE
 */
export async function writeReport(path: string, html: string): Promise<void> {
  const target = resolve(path);
  const partial = join(
    dirname(target),
    `.${basename(target)}.${process.pid}-${randomBytes(4).toString('hex')}`,
  );
  await guard(target, async () => {
    await makeFolders(dirname(target));
    try {
      const handle = await open(partial, 'wx');
      try {
        await handle.writeFile(html, 'utf8');
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(partial, target);
    } catch (error) {
      await rm(partial, { force: true }).catch(() => {});
      throw error;
    }
  });
}
