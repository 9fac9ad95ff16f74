/**
 * Counts on real data, where it is: in $RETRIEVALGUARD_DATA or in shared/data beside the repository, as folders
 * 'grocery' (GroceryStoreDataset) and 'omniglot' (the two small background archives). Skipped elsewhere.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDataset } from './index.ts';

const data = process.env.RETRIEVALGUARD_DATA ?? resolve(import.meta.dirname, '../../../shared/data');

/** A suite that runs only where the folder exists, and says so where not. */
function describeReal(name: string, suite: (root: string) => void): void {
  const root = join(data, name);
  const present = existsSync(root);
  if (!present) console.warn(`skipped: no ${root}; set RETRIEVALGUARD_DATA to the folder that holds ${name}`);
  describe.skipIf(!present)(name, () => {
    suite(root);
  });
}

describeReal('grocery', (root) => {
  test.each([
    ['train', 2640, 81],
    ['val', 296, 60],
    ['test', 2485, 81],
  ])('@%s holds %i images of %i classes', async (split, images, classes) => {
    const { items, labels } = await openDataset(`list:${root}@${split}`);
    expect([items.length, labels.length]).toEqual([images, classes]);
    const bytes = await items[0].read();
    expect([...bytes.subarray(0, 2)]).toEqual([0xff, 0xd8]);
  });
});

describeReal('omniglot', (root) => {
  test('4,840 distinct images in 242 classes', async () => {
    const { items, labels } = await openDataset(`omniglot:${root}@background`);
    expect([items.length, labels.length]).toEqual([4840, 242]);
    for (const item of [items[0], items[4839]]) {
      expect(Buffer.from(await item.read()).toString('latin1', 1, 4)).toBe('PNG');
    }
  });

  test('class-disjoint by alphabet', async () => {
    const { items, labels } = await openDataset(
      `omniglot:${root}?alphabets=Japanese_(katakana)+Sanskrit+Tagalog`,
    );
    expect([items.length, labels.length]).toEqual([2120, 106]);
  });
});
