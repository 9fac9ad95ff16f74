import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { CHARACTERS } from '../../tools/glyphs/characters.ts';
import fonts from '../../tools/glyphs/fonts.json' with { type: 'json' };
import { GLYPHS_DOCS, glyphsPage } from '../../tools/glyphs/write-docs.ts';
import { readGlyphsManifest } from './layouts/glyphs.ts';
import { openDataset } from './open-dataset.ts';

describe('glyphs', () => {
  test('at least 300 characters in at least 20 fonts each, in at most 5 MB', async () => {
    const { classes } = await readGlyphsManifest();
    expect(classes.length).toBeGreaterThanOrEqual(300);
    expect(Math.min(...classes.map((one) => one.fonts.length))).toBeGreaterThanOrEqual(20);
    expect(statSync(fileURLToPath(new URL('../../data/glyphs.zip', import.meta.url))).size).toBeLessThan(5e6);
  });

  test('training and test characters are disjoint, and every script has both', async () => {
    const [train, all, held] = await Promise.all(
      ['glyphs@train', 'glyphs', 'glyphs@test'].map((spec) => openDataset(spec)),
    );
    expect(train.labels.filter((label) => held.labels.includes(label))).toEqual([]);
    expect([...train.labels, ...held.labels].sort()).toEqual(all.labels);
    for (const script of Object.keys(CHARACTERS)) {
      expect(train.labels.some((label) => label.startsWith(`${script}-`))).toBe(true);
      expect(held.labels.some((label) => label.startsWith(`${script}-`))).toBe(true);
    }
    const { classes } = await readGlyphsManifest();
    expect(new Set(classes.map(({ character }) => character)).size).toBe(classes.length);
  });

  test('every font is listed with its version and an open licence', async () => {
    const { classes, fonts: listed } = await readGlyphsManifest();
    const used = [...new Set(classes.flatMap((one) => one.fonts))].sort();
    expect(listed.map(({ family }) => family)).toEqual(used);
    const locked = fonts.packages as Record<string, { version: string; license: string }>;
    for (const { package: name, version, license } of listed) {
      expect({ version, license }).toEqual(locked[name]);
      expect(['OFL-1.1', 'Apache-2.0', 'UFL-1.0', 'MIT']).toContain(license);
    }
  });

  test('no picture is empty, none is there twice in its class', async () => {
    const { items, labels } = await openDataset('glyphs@test');
    const seen = new Set<string>();
    for (const item of items) {
      const { data, info } = await sharp(await item.read())
        .greyscale()
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([32, 32]);
      expect(data.filter((value) => value < 128).length).toBeGreaterThan(15);
      expect(data.filter((value) => value > 128).length).toBeGreaterThan(100);
      seen.add(`${item.label} ${data.toString('latin1')}`);
    }
    expect(seen.size).toBe(items.length);
    expect(labels.length).toBeGreaterThan(100);
  });

  test('pictures read in any order are the same', async () => {
    const { items } = await openDataset('glyphs@train', { limit: 12, seed: 3 });
    const together = await Promise.all(items.map((item) => item.read()));
    for (const [i, item] of [...items.entries()].reverse()) expect(await item.read()).toEqual(together[i]);
  });

  test('docs/glyphs.md is what the manifest says', async () => {
    expect(readFileSync(GLYPHS_DOCS, 'utf8')).toBe(glyphsPage(await readGlyphsManifest()));
  });

  test('takes no path', async () => {
    await expect(openDataset('glyphs:folder')).rejects.toMatchObject({ code: 'DATASET_SPEC' });
    await expect(openDataset('glyphs@val')).rejects.toMatchObject({ code: 'DATASET_SPEC' });
  });
});
