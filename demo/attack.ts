/** Attacks the ordinary search, and shows the changed pictures to the smoothed one. */
import { distanceOf, EncoderGradient, minimalNorm, untargeted } from '../src/attack/index.ts';
import { startProgress } from '../src/cli/terminal.ts';
import { openDataset } from '../src/datasets/index.ts';
import { readEncoderInfo } from '../src/encoder/index.ts';
import { RetrievalGuardError } from '../src/errors.ts';
import { undefendedGallery } from '../src/evaluate/index.ts';
import { type Gallery, openGallery } from '../src/gallery/index.ts';
import { encodePng, loadImage } from '../src/image/index.ts';
import { Smoother } from '../src/smoothing/index.ts';

/** A gallery item that answers a query. */
export interface Answer {
  id: string;
  label: string;
}

/** A query, and the smallest change of it found with which the ordinary search answers wrongly. */
export interface AttackedQuery {
  query: string;
  label: string;
  /** ℓ2 norm of the change, pixels in [0,1]; 0 where the answer is wrong as it is, null where no change was found. */
  norm: number | null;
  /** The nearest item by the embeddings of an encoder trained without noise. */
  ordinary: { before: Answer; after: Answer };
  /** The nearest item by mean embeddings over noise, of an encoder trained with noise. */
  smoothed: { before: Answer; after: Answer };
  /** The changed picture, rounded to the 256 levels of a file, as it is seen in `after`: the norm of the change after rounding, and a PNG (base64). */
  rounded: { norm: number; png: string };
}

/** What {@link attackQueries} needs. */
export interface AttackOptions {
  /** The queries, in the --data notation. */
  data: string;
  perClass: number;
  /** Model and gallery folders: trained without noise, and attacked; trained with noise. */
  ordinary: { model: string; gallery: string };
  smoothed: { model: string; gallery: string };
  sigma: number;
  /** Noisy copies whose mean embedding answers. */
  samples: number;
  /** Steps of the attack. */
  steps: number;
  signal: AbortSignal;
}

/** Pictures attacked at a time. */
const BATCH = 32;
/** How far beyond the smallest change to go, so that rounding to 256 levels does not undo it: the first that is enough. */
const BEYOND = [1.02, 1.1, 1.25, 1.5];

/** Attacks every query, leaving its own gallery item out. */
export async function attackQueries(options: AttackOptions): Promise<AttackedQuery[]> {
  const { data, perClass, ordinary, smoothed, steps, signal } = options;
  const { items } = await openDataset(data, { perClass });
  const gallery = undefendedGallery(await (await openGallery(ordinary.gallery)).load());
  const safeGallery = await (await openGallery(smoothed.gallery)).load();
  const info = await readEncoderInfo(ordinary.model);
  const encoder = await EncoderGradient.open(info, { batch: BATCH });
  const plain = await Smoother.open(ordinary.model);
  const smoother = await Smoother.open(smoothed.model);
  const progress = startProgress('attack', items.length, {});
  const results: AttackedQuery[] = [];
  try {
    for (let first = 0; first < items.length; first += BATCH) {
      const batch = await Promise.all(
        items.slice(first, first + BATCH).map(async (item) => {
          const { id, label } = item;
          const exclude = gallery.ids.indexOf(id);
          const pixels = await loadImage(await item.read(), info.preprocessing);
          const goal = untargeted(gallery, gallery.labelNames.indexOf(label), exclude);
          return { id, label, exclude, pixels, goal };
        }),
      );
      const found = await minimalNorm({ encoder, gallery }, batch, { steps, clip: true });
      for (const [i, { id, label, exclude, pixels }] of batch.entries()) {
        if (signal.aborted) throw cancelled();
        const answer = async (image: Float32Array): Promise<Answer> =>
          nearest(gallery, await plain.embedClean({ id, pixels: image }), exclude);
        const safeAnswer = async (image: Float32Array, name: string): Promise<Answer> => {
          const { sigma, samples } = options;
          const h = await smoother.embed(
            { id: name, pixels: image },
            { sigma, samples, phase: 'estimation' },
          );
          return nearest(safeGallery, h, safeGallery.ids.indexOf(id));
        };
        const { success, norm, pixels: attacked } = found[i];
        const before = await answer(pixels);
        let changed = rounded(pixels);
        let after = before;
        for (const factor of success && norm > 0 ? BEYOND : []) {
          changed = rounded(pixels.map((x, k) => x + factor * (attacked[k] - x)));
          after = await answer(changed);
          if (after.label !== label) break;
        }
        results.push({
          query: id,
          label,
          norm: success ? norm : null,
          ordinary: { before, after },
          smoothed: {
            before: await safeAnswer(pixels, id),
            after: await safeAnswer(changed, `${id} changed`),
          },
          rounded: { norm: distanceOf(changed, pixels), png: await asPng(changed, info.input) },
        });
        progress.update(results.length, broken(results));
      }
    }
  } finally {
    progress.stop();
    await Promise.all([encoder.release(), plain.close(), smoother.close()]);
  }
  return results;
}

function nearest(gallery: Gallery, embedding: Float64Array, exclude: number): Answer {
  const [{ id, label }] = gallery.nearest(embedding, 1, exclude < 0 ? {} : { exclude });
  return { id, label };
}

const rounded = (pixels: Float32Array): Float32Array =>
  pixels.map((x) => Math.round(Math.min(1, Math.max(0, x)) * 255) / 255);

async function asPng(
  pixels: Float32Array,
  { channels, height, width }: { channels: number; height: number; width: number },
): Promise<string> {
  return Buffer.from(await encodePng(pixels, channels as 1 | 3, height, width)).toString('base64');
}

const broken = (results: readonly AttackedQuery[]): string =>
  `${results.filter(({ label, ordinary }) => ordinary.after.label !== label).length} answers broken`;

function cancelled(): RetrievalGuardError {
  return new RetrievalGuardError('CANCELLED', { expected: 'the attack to finish', got: 'a cancellation' });
}
