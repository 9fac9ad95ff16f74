/**
 * Renders the glyphs dataset: data/glyphs.zip. Run: npx tsx tools/glyphs/render.ts [--fonts FOLDER]
 *
 * Installs the fonts of fonts.json, in their exact versions, into a temporary folder (or finds them below FOLDER), draws each
 * character in each font that has it, and writes one sheet a class: its pictures of 32 × 32 grey pixels, black on white, side by
 * side. Every fifth character of a script, and the second after it, are the test classes.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { CHARACTERS, FONTS_OF } from './characters.ts';

const SIDE = 32;
/** The longer side of a glyph. */
const INK = 26;
/** A class needs so many fonts. */
const LEAST_FONTS = 20;
/** Positions, modulo five, of the characters held out. */
const TEST = new Set([1, 3]);

interface Fonts {
  renderer: Record<string, string>;
  packages: Record<string, { version: string; license: string }>;
  scripts: Record<string, string[]>;
}
/** What is used of fontkit. */
interface Glyph {
  id: number;
  path: { toSVG(): string; bbox: { minX: number; minY: number; maxX: number; maxY: number } };
}
interface Face {
  hasGlyphForCodePoint(point: number): boolean;
  glyphForCodePoint(point: number): Glyph;
}

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '../../data/glyphs.zip');
const fonts = JSON.parse(readFileSync(join(here, 'fonts.json'), 'utf8')) as Fonts;
const { values: options } = parseArgs({ options: { fonts: { type: 'string' } } });
const folder = options.fonts ?? install();
const fontkit = createRequire(join(folder, 'package.json'))('fontkit') as { openSync(path: string): Face };

const entries: Record<string, Uint8Array> = {};
const classes: { name: string; character: string; split: string; fonts: string[] }[] = [];
for (const [script, characters] of Object.entries(CHARACTERS)) {
  const families = fonts.scripts[FONTS_OF[script] ?? script];
  const faces = families.map((family) => ({ family, files: facesOf(family) }));
  for (const [position, character] of Array.from(characters).entries()) {
    const pictures: { font: string; pixels: Buffer }[] = [];
    for (const { family, files } of faces) {
      const pixels = await draw(files, character.codePointAt(0)!);
      // fonts that share a drawing count once
      if (pixels && !pictures.some((other) => other.pixels.equals(pixels)))
        pictures.push({ font: family, pixels });
    }
    const name = `${script}-${character.codePointAt(0)!.toString(16).padStart(4, '0')}`;
    if (pictures.length < LEAST_FONTS) {
      console.error(`${name} ${character}: in ${pictures.length} fonts only, left out`);
      continue;
    }
    const split = TEST.has(position % 5) ? 'test' : 'train';
    classes.push({ name, character, split, fonts: pictures.map(({ font }) => font) });
    entries[`${split}/${name}.png`] = await sheet(pictures.map(({ pixels }) => pixels));
  }
  console.error(`${script}: ${classes.filter(({ name }) => name.startsWith(script)).length} classes`);
}
const used = new Set(classes.flatMap((one) => one.fonts));
const licences = [...used].sort().map((family) => {
  const { version, license } = fonts.packages[`@fontsource/${family}`];
  return { family, package: `@fontsource/${family}`, version, license, copyright: copyrightOf(family) };
});
entries['manifest.json'] = new TextEncoder().encode(
  `${JSON.stringify({ side: SIDE, classes, fonts: licences })}\n`,
);
// a fixed date: the same fonts give the same file
writeFileSync(out, zipSync(entries, { level: 9, mtime: new Date(2000, 0, 1) }));
const images = classes.reduce((sum, one) => sum + one.fonts.length, 0);
console.error(`${out}: ${classes.length} classes, ${used.size} fonts, ${images} pictures`);

/** A folder with the fonts and fontkit. */
function install(): string {
  const target = mkdtempSync(join(tmpdir(), 'glyphs-'));
  writeFileSync(join(target, 'package.json'), '{"private":true}');
  const wanted = [
    ...Object.entries(fonts.packages).map(([name, { version }]) => `${name}@${version}`),
    ...Object.entries(fonts.renderer).map(([name, version]) => `${name}@${version}`),
  ];
  const { status } = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...wanted], {
    cwd: target,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`npm could not install the fonts into ${target}`);
  return target;
}

/** The files of a family's upright regular weight (or the nearest to it that it has), one for each part of Unicode. */
function facesOf(family: string): Face[] {
  const root = join(folder, 'node_modules/@fontsource', family);
  const { weights } = JSON.parse(readFileSync(join(root, 'metadata.json'), 'utf8')) as { weights: number[] };
  const weight = weights.toSorted((a, b) => Math.abs(a - 400) - Math.abs(b - 400))[0];
  return readdirSync(join(root, 'files'))
    .filter((name) => name.endsWith(`-${weight}-normal.woff`))
    .map((name) => fontkit.openSync(join(root, 'files', name)));
}

/** The glyph in the middle of its picture; null when no file has it, or it is empty. */
async function draw(files: readonly Face[], point: number): Promise<Buffer | null> {
  const face = files.find((file) => file.hasGlyphForCodePoint(point));
  const glyph = face?.glyphForCodePoint(point);
  if (!glyph || glyph.id === 0) return null;
  const outline = outlineOf(glyph);
  if (!outline) return null;
  const { minX, minY, maxX, maxY } = outline.bbox;
  const [width, height] = [maxX - minX, maxY - minY];
  if (!(width > 0) || !(height > 0)) return null;
  const scale = INK / Math.max(width, height);
  const left = (SIDE - scale * width) / 2 - scale * minX;
  const top = (SIDE + scale * height) / 2 + scale * minY;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><rect width="100%" height="100%" fill="#fff"/>` +
    `<path transform="matrix(${scale} 0 0 ${-scale} ${left} ${top})" d="${outline.toSVG()}"/></svg>`;
  const pixels = await sharp(Buffer.from(svg)).greyscale().raw().toBuffer();
  return pixels.some((value) => value < 128) ? pixels : null;
}

/** Null for the few fonts whose outlines fontkit cannot read. */
function outlineOf(glyph: Glyph): Glyph['path'] | null {
  try {
    return glyph.path;
  } catch {
    return null;
  }
}

/** Pictures side by side, as a PNG. */
function sheet(pictures: readonly Buffer[]): Promise<Buffer> {
  const width = SIDE * pictures.length;
  const pixels = Buffer.alloc(width * SIDE);
  for (const [i, picture] of pictures.entries())
    for (let y = 0; y < SIDE; y++) picture.copy(pixels, y * width + i * SIDE, y * SIDE, (y + 1) * SIDE);
  return sharp(pixels, { raw: { width, height: SIDE, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 9, effort: 10, palette: false })
    .toBuffer();
}

function copyrightOf(family: string): string {
  const root = join(folder, 'node_modules/@fontsource', family);
  const { license } = JSON.parse(readFileSync(join(root, 'metadata.json'), 'utf8')) as {
    license: { attribution?: string };
  };
  return license.attribution?.trim() ?? '';
}
