/** What the numbers look like: a query under the noise of the run, and with a change of the size that is certified. */
import sharp from 'sharp';
import { correctRadius } from '../evaluate/method-statistics.ts';
import { METHODS, type Row } from '../evaluate/schema.ts';
import { decodeImage, encodePng } from '../image/index.ts';
import { toPlanes } from '../image/load-image.ts';
import { cellTable, exactNoise, exactNoiseKey } from '../noise/exact/index.ts';
import { decimal } from './format.ts';
import { type Html, html } from './html.ts';
import type { LoadedRun } from './types.ts';

/** Larger pictures are stored with loss: noise does not compress. */
const LOSSLESS_SIDE = 96;

/**
 * The two pictures, at the size of the model's input; null where the run does not tell it or the picture cannot be decoded. The change
 * is a random direction (white noise) of exactly the largest radius certified for the right answer; values outside [0,1] are shown
 * as the nearest valid ones.
 *
 * @param bytes - the query's picture, of any size
 */
export async function changedPictures(run: LoadedRun, row: Row, bytes: Uint8Array): Promise<Html | null> {
  const { input } = run.manifest.environment;
  if (!input || (input.channels !== 1 && input.channels !== 3)) return null;
  const { channels, height, width } = input;
  const pixels = await pixelsOf(bytes, channels, height, width);
  if (!pixels) return null;
  const { sigma } = run.manifest.options;
  const key = exactNoiseKey({ seed: 0, query: row.query, phase: 'evaluation' });
  const shown = async (length: number | null, number: number): Promise<string> => {
    const noise = exactNoise(key, number, pixels.length, cellTable(sigma));
    const norm = Math.sqrt(noise.reduce((sum, k) => sum + k * k, 0)) / 255;
    const times = length === null ? 1 : length / norm;
    return dataUri(
      pixels.map((x, i) => x + (times * noise[i]) / 255),
      channels,
      height,
      width,
    );
  };
  const radii = METHODS.map((method) => ({ method, radius: correctRadius(row, method) }));
  const best = radii.reduce((most, one) => (one.radius > most.radius ? one : most));
  const certified = best.radius > 0 && Number.isFinite(best.radius);
  return html`<div class="changed"><figure><img src="${await shown(null, 0)}" alt="The query with noise of deviation ${sigma}"><figcaption>noise σ = ${sigma}</figcaption></figure>${certified && html`<figure><img src="${await shown(best.radius, 1)}" alt="The query after a change of norm ${decimal(best.radius)}"><figcaption>a change of size ${decimal(best.radius)} (${best.method})</figcaption></figure>`}</div>`;
}

async function pixelsOf(
  bytes: Uint8Array,
  channels: 1 | 3,
  height: number,
  width: number,
): Promise<Float32Array | null> {
  try {
    const { data, height: h, width: w } = await decodeImage(bytes, channels);
    const raw = await sharp(data, { raw: { height: h, width: w, channels } })
      .resize({ height, width, fit: 'cover' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer();
    return toPlanes({ data: raw, height, width, channels });
  } catch {
    return null; // a picture that cannot be read is shown as missing
  }
}

async function dataUri(
  pixels: Float32Array,
  channels: 1 | 3,
  height: number,
  width: number,
): Promise<string> {
  const png = await encodePng(pixels, channels, height, width);
  if (Math.max(height, width) <= LOSSLESS_SIDE) return `data:image/png;base64,${png.toString('base64')}`;
  const small = await sharp(png).webp({ quality: 75 }).toBuffer();
  return `data:image/webp;base64,${small.toString('base64')}`;
}
