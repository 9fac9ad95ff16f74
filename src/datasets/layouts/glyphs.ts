/**
 * `glyphs` — characters of eleven scripts in some two hundred openly licensed fonts, 32 × 32 grey, which come with the package
 * (data/glyphs.zip, rendered by tools/glyphs): a sheet a class with its pictures side by side, and a manifest. The class is
 * 'script-codepoint', as in greek-03b1; the characters of @train and @test are disjoint. See docs/glyphs.md.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import * as z from 'zod';
import { RetrievalGuardError } from '../../errors.ts';
import { reasonOf } from '../dataset-files.ts';
import type { DataSpec } from '../spec.ts';
import type { DatasetItem, FoundDataset, FoundItem } from '../dataset.ts';
import { listZip, readZipEntry, type ZipEntry } from '../zip.ts';

const ARCHIVE = join(dirname(fileURLToPath(import.meta.url)), '../../../data/glyphs.zip');

const MANIFEST = z.object({
  /** Pixels a side. */
  side: z.int().positive(),
  classes: z.array(
    z.object({
      name: z.string(),
      character: z.string(),
      split: z.enum(['train', 'test']),
      /** The fonts of the sheet, left to right. */
      fonts: z.array(z.string()),
    }),
  ),
  fonts: z.array(
    z.object({
      family: z.string(),
      package: z.string(),
      version: z.string(),
      license: z.string(),
      copyright: z.string(),
    }),
  ),
});

/** What data/glyphs.zip says of itself: its classes, and its fonts with their licences. */
export type GlyphsManifest = z.infer<typeof MANIFEST>;

/** Reads the manifest. @throws RetrievalGuardError DATASET_LAYOUT when the archive is missing or damaged */
export async function readGlyphsManifest(): Promise<GlyphsManifest> {
  return (await openArchive()).manifest;
}

/** Lists the pictures, `<class>/<font>.png`. */
export async function findGlyphs({ split }: DataSpec): Promise<FoundDataset> {
  const { manifest, entries } = await openArchive();
  const found = manifest.classes
    .filter((one) => split === null || one.split === split)
    .flatMap(({ name, split: part, fonts }) => {
      const entry = entries.get(`${part}/${name}.png`);
      if (!entry) throw damaged(`no sheet of ${name}`);
      return fonts.map((font, place): FoundItem => {
        const item: DatasetItem = {
          id: `${name}/${font}.png`,
          label: name,
          read: () => readPicture(entry, place, manifest.side),
        };
        // the checksum of the sheet stands for the size of the file that the picture is not
        return { item, size: entry.crc32 };
      });
    });
  return { root: dirname(ARCHIVE), found };
}

/** The sheet read last: pictures are mostly read in the order of their classes. */
let last: { entry: ZipEntry; sheet: Promise<Uint8Array> } | undefined;

async function readPicture(entry: ZipEntry, place: number, side: number): Promise<Uint8Array> {
  if (last?.entry !== entry) last = { entry, sheet: readZipEntry(ARCHIVE, entry) };
  return sharp(await last.sheet)
    .extract({ left: place * side, top: 0, width: side, height: side })
    .toColourspace('b-w')
    .png()
    .toBuffer();
}

async function openArchive(): Promise<{ manifest: GlyphsManifest; entries: Map<string, ZipEntry> }> {
  const entries = new Map((await listZip(ARCHIVE)).map((entry) => [entry.name, entry]));
  const entry = entries.get('manifest.json');
  if (!entry) throw damaged('no manifest.json');
  try {
    const text = new TextDecoder().decode(await readZipEntry(ARCHIVE, entry));
    return { manifest: MANIFEST.parse(JSON.parse(text)), entries };
  } catch (error) {
    throw damaged(reasonOf(error));
  }
}

function damaged(got: string): RetrievalGuardError {
  return new RetrievalGuardError('DATASET_LAYOUT', {
    expected: `the characters that come with the package in ${ARCHIVE}`,
    got,
    fix: 'Install the package again.',
  });
}
