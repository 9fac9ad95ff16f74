/** Rows of small pictures with a text below each, as SVG. */
import { openDataset } from '../../src/datasets/index.ts';
import { decodeImage, encodePng } from '../../src/image/index.ts';
import { toPlanes } from '../../src/image/load-image.ts';
import { gaussianSample, noiseKey } from '../../src/noise/index.ts';

const SIDE = 32;
const SHOWN = 96;
const GAP = 14;
const INK = '#1b1f24';

/** Pixels in [0,1] of an item of the glyphs. */
export async function glyph(id: string): Promise<Float32Array> {
  const { items } = await openDataset('glyphs');
  const item = items.find((one) => one.id === id);
  if (!item) throw new Error(`no glyph '${id}'`);
  return toPlanes(await decodeImage(await item.read(), 1));
}

/** Standard normal noise for a glyph; the same name, the same noise. */
export const noiseFor = (name: string): Float32Array =>
  gaussianSample(noiseKey({ seed: 0, query: name, phase: 'evaluation' }), 0, SIDE * SIDE);

/** x + scale · z. */
export const plus = (x: Float32Array, z: Float32Array, scale: number): Float32Array =>
  x.map((value, i) => value + scale * z[i]);

/** ‖z‖₂ */
export const norm = (z: Float32Array): number => Math.sqrt(z.reduce((sum, value) => sum + value * value, 0));

/** Draws rows of 32×32 grey pictures, each column under its heading. */
export async function pictureGrid(
  headings: readonly string[],
  rows: readonly (readonly Float32Array[])[],
): Promise<string> {
  const step = SHOWN + GAP;
  const top = 24;
  const width = headings.length * step + GAP;
  const height = top + rows.length * step;
  const parts = headings.map(
    (text, i) => `<text x="${GAP + i * step + SHOWN / 2}" y="16" text-anchor="middle">${text}</text>`,
  );
  for (const [j, row] of rows.entries())
    for (const [i, pixels] of row.entries()) {
      const png = (await encodePng(pixels, 1, SIDE, SIDE)).toString('base64');
      parts.push(
        `<image x="${GAP + i * step}" y="${top + j * step}" width="${SHOWN}" height="${SHOWN}" style="image-rendering:pixelated" href="data:image/png;base64,${png}"/>`,
      );
    }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="${INK}"><rect width="${width}" height="${height}" fill="#fff"/>\n${parts.join('\n')}\n</svg>\n`;
}
