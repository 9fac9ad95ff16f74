/** An attack on every query of a dataset: writes a run folder, resumes it, sums it up. */
import {
  type Attacked,
  attackSmoothed,
  criticalPair,
  EncoderGradient,
  halfSquaresOf,
  judge,
  minimalNorm,
  type PictureMap,
  pgd,
  randomSearch,
  untargeted,
  type Victim,
  type SmoothedSystemKind,
} from '../attack/index.ts';
import { decodeFile, FileMap } from '../image/index.ts';
import type { AttackManifest, AttackName, AttackRow, AttackSummary } from './attack-schema.ts';
import { performRun } from '../runs/index.ts';
import { attackRules } from './attack-schema.ts';
import { type OwnItem, ownItem } from './own-item.ts';
import { type KeepPictures, perturbationPictures } from './perturbation-pictures.ts';
import { type DatasetRun, type LoadedPicture, picturesOf } from './read-pictures.ts';

/** Options of {@link attackDataset}; the gallery holds clean vectors for the undefended system, smoothed ones for the others. */
export type AttackRunOptions = DatasetRun<AttackManifest, AttackRow>;

/** Images attacked together on the undefended system. */
const BATCH = 16;
/** Queries whose pictures are kept. */
const PICTURES = 24;

/**
 * Attacks every query that is answered rightly, with every attack of the manifest, at every radius. Rows are on disk as soon as
 * their batch is finished; the same call goes on where it stopped.
 *
 * @throws RUN_MISMATCH, DATASET_EMPTY, GRADIENT_UNSUPPORTED, OUTPUT_UNWRITABLE, CANCELLED, …
 */
export function attackDataset(run: AttackRunOptions): Promise<{ summary: AttackSummary; rows: AttackRow[] }> {
  const { dataset, gallery, smoother, out, signal } = run;
  return performRun<AttackManifest, LoadedPicture, AttackRow, AttackSummary>({
    out,
    manifest: run.manifest,
    ...picturesOf(run, smoother.info.preprocessing),
    rules: ({ options }) => attackRules(options, dataset),
    begin: async (manifest, rows) => {
      const { options } = manifest;
      const base = options.system === 'base';
      const encoder = await EncoderGradient.open(smoother.info, {
        batch: base ? BATCH : options.samples,
        threads: smoother.threads,
      });
      if (!base) await smoother.setGallery(gallery);
      const context: Context = {
        ...run,
        manifest,
        encoder,
        positionOf: options.leaveOneOut ? ownItem(gallery) : null,
        classOf: new Map(gallery.labelNames.map((label, i) => [label, i])),
        keepPictures: perturbationPictures(
          out,
          PICTURES - rows.filter((row) => row.smallest?.pictures).length,
        ),
      };
      return {
        together: base ? BATCH : 1,
        work: (group) => (base ? attackBase : attackEach)(context, group),
        failed: (picture, error) => failedRow(context, picture, error),
        close: () => encoder.release(),
      };
    },
    summarize: summarizeAttack,
    signal,
    onProgress: run.onProgress,
  });
}

interface Context extends AttackRunOptions {
  encoder: EncoderGradient;
  positionOf: OwnItem | null;
  classOf: Map<string, number>;
  keepPictures: KeepPictures;
}

/** A success: the attack, and the image that it found. */
interface Success {
  attack: AttackName;
  norm: number;
  pixels: Float32Array;
  predicted: string;
}

/** What was found of a query: the clean answer, which attacks succeeded, and the best success. */
interface Found {
  predicted: string;
  right: boolean;
  seconds: number;
  successes: AttackRow['successes'];
  best: Success | null;
}

async function attackBase(context: Context, group: readonly LoadedPicture[]): Promise<AttackRow[]> {
  const { gallery, encoder, manifest } = context;
  const { attacks, radii, steps, restarts, seed } = manifest.options;
  const clip = staysInRange(manifest);
  const start = performance.now();
  const system = { encoder, gallery };
  const victims = await Promise.all(group.map((picture) => victimOf(context, picture)));
  const embeddings = await embed(encoder, group);
  const halfSquares = halfSquaresOf(system.gallery);
  const answers = victims.map(({ goal }, i) => {
    const pair = criticalPair(system.gallery, halfSquares, embeddings[i], goal);
    return { right: pair.margin >= 0, rival: pair.rival };
  });
  const attacked = victims.filter((_, i) => answers[i].right);
  const found = new Map<string, Pick<Found, 'successes' | 'best'>>(
    attacked.map(({ id }) => [id, { successes: {}, best: null }]),
  );
  const note = (attack: AttackName, radius: number, results: readonly Attacked[]): void => {
    for (const { id, success, norm, pixels, rival } of results) {
      const entry = found.get(id)!;
      (entry.successes[attack] ??= []).push(success && norm <= radius ? 1 : 0);
      if (success && (!entry.best || norm < entry.best.norm))
        entry.best = { attack, norm, pixels, predicted: gallery.labels[rival] };
    }
  };
  if (attacks.includes('cw')) {
    const results = await minimalNorm(system, attacked, { steps: 2 * steps, initialNorm: radii[0], clip });
    for (const radius of radii) note('cw', radius, results);
  }
  for (const radius of radii) {
    let results: Attacked[] | undefined;
    if (attacks.includes('pgd')) {
      results = await pgd(system, attacked, { radius, steps, restarts, clip, seed });
      note('pgd', radius, results);
    }
    if (attacks.includes('search')) {
      const starts = results?.map(({ pixels }) => pixels);
      note(
        'search',
        radius,
        await randomSearch(system, attacked, { radius, steps: 5 * steps, clip, seed, starts }),
      );
    }
  }
  const seconds = (performance.now() - start) / 1e3 / group.length;
  return Promise.all(
    group.map(async (picture, i) => {
      const { right, rival } = answers[i];
      const entry = found.get(picture.item.id);
      const predicted = right ? picture.item.label : gallery.labels[rival];
      return rowOf(context, picture, victims[i], {
        predicted,
        right,
        seconds,
        successes: entry?.successes ?? {},
        best: entry?.best ?? null,
      });
    }),
  );
}

/** The smoothed systems: one query at a time, every candidate judged by fresh samples. */
async function attackEach(context: Context, group: readonly LoadedPicture[]): Promise<AttackRow[]> {
  const { gallery, encoder, manifest, smoother, positionOf, classOf, signal } = context;
  const { attacks, radii, steps, restarts, samples, judgeSamples, alpha, seed, sigma } = manifest.options;
  const clip = staysInRange(manifest);
  const system = manifest.options.system as SmoothedSystemKind;
  const smoothed = { encoder, gallery, sigma: sigma!, system };
  return Promise.all(
    group.map(async (picture) => {
      const start = performance.now();
      const { item, pixels, hash } = picture;
      const victim = await victimOf(context, picture);
      const seen = (image: Float32Array): Float32Array => victim.through?.apply(image) ?? image;
      const label = classOf.get(item.label) ?? -1;
      const exclude = positionOf?.(item.id, hash);
      const ask = (id: string, image: Float32Array): ReturnType<typeof judge> =>
        judge(
          smoother,
          { id, pixels: image, exclude, label },
          { system, sigma: sigma!, alpha, samples: judgeSamples, seed: seed + 1, signal },
        );
      const clean = await ask(item.id, pixels);
      const right = clean.kind === 'held' || (clean.kind === 'undecided' && clean.label === label);
      const successes: AttackRow['successes'] = {};
      let best: Success | null = null;
      if (right) {
        let from: Float32Array | undefined;
        for (const radius of radii) {
          // what broke the answer in a smaller ball breaks it in this one
          for (const attack of attacks) {
            let broken = best !== null && best.norm <= radius;
            if (!broken) {
              const options = {
                radius,
                steps,
                restarts: attack === 'pgd' ? restarts : 1,
                samples,
                clip,
                seed,
              };
              const candidate = await attackSmoothed(smoothed, victim, { ...options, start: from });
              from = candidate.pixels;
              const verdict =
                candidate.margin < 0.02 ? await ask(`${item.id} under attack`, seen(candidate.pixels)) : null;
              if (verdict?.kind === 'changed') {
                broken = true;
                best = {
                  attack,
                  norm: candidate.norm,
                  pixels: candidate.pixels,
                  predicted: verdict.label === null ? '' : gallery.labelNames[verdict.label],
                };
              }
            }
            (successes[attack] ??= []).push(broken ? 1 : 0);
          }
        }
      }
      const predicted =
        clean.kind === 'held'
          ? item.label
          : clean.label === null
            ? ''
            : (gallery.labelNames[clean.label] ?? '');
      const seconds = (performance.now() - start) / 1e3;
      return rowOf(context, picture, victim, { predicted, right, seconds, successes, best });
    }),
  );
}

async function rowOf(
  { manifest, keepPictures, smoother }: Context,
  { item }: LoadedPicture,
  { pixels, through }: Victim,
  { predicted, right, seconds, successes, best }: Found,
): Promise<AttackRow> {
  return {
    query: item.id,
    label: item.label,
    predicted,
    score: right ? 1 : 0,
    holds: manifest.options.radii.map((radius) => (right && !(best && best.norm <= radius) ? 1 : 0)),
    successes,
    smallest: best && {
      norm: best.norm,
      attack: best.attack,
      predicted: best.predicted,
      pictures: await keepPictures(through?.shape ?? smoother.info.input, pixels, best.pixels),
    },
    seconds: Number(seconds.toFixed(3)),
  };
}

function failedRow({ manifest }: Context, { item }: LoadedPicture, error: Error): AttackRow {
  return {
    query: item.id,
    label: item.label,
    predicted: '',
    score: 0,
    holds: manifest.options.radii.map(() => 0),
    successes: {},
    smallest: null,
    seconds: 0,
    error: error.message,
  };
}

/** Pixels of a file have no other values. */
const staysInRange = ({ options }: AttackManifest): boolean => options.clip || options.pixels === 'file';

async function victimOf(context: Context, { item, pixels, hash }: LoadedPicture): Promise<Victim> {
  const { gallery, classOf, positionOf, manifest, smoother, maxPixels } = context;
  const label = classOf.get(item.label) ?? -1;
  const victim = { id: item.id, goal: untargeted(gallery, label, positionOf?.(item.id, hash)) };
  if (manifest.options.pixels === 'input') return { ...victim, pixels };
  const file = await decodeFile(await item.read(), { maxPixels });
  return { ...victim, ...fileUnderAttack(file, new FileMap(file, smoother.info.preprocessing)) };
}

/** A file as attacks see it: its pixels as planes in [0,1], and the way from them to the model's. */
export function fileUnderAttack(
  { data }: { data: Uint8Array },
  map: FileMap,
): { pixels: Float32Array; through: PictureMap } {
  const { channels, height, width } = map;
  const area = height * width;
  const planes = (values: ArrayLike<number>, unit: number): Float32Array =>
    Float32Array.from(
      { length: channels * area },
      (_, i) => values[(i % area) * channels + Math.floor(i / area)] * unit,
    );
  return {
    pixels: planes(data, 1 / 255),
    through: {
      shape: { channels, height, width },
      apply: (pixels) => {
        const levels = new Float64Array(pixels.length);
        for (let c = 0, at = 0; c < channels; c++)
          for (let i = 0; i < area; i++, at++) levels[i * channels + c] = 255 * pixels[at];
        return map.apply(levels);
      },
      pullBack: (gradient) => planes(map.pullBack(gradient), 1),
    },
  };
}

async function embed(encoder: EncoderGradient, group: readonly LoadedPicture[]): Promise<Float32Array[]> {
  const { dimension } = encoder.info;
  const images = new Float32Array(group.length * encoder.pixels);
  for (const [i, { pixels }] of group.entries()) images.set(pixels, i * encoder.pixels);
  const { embeddings } = await encoder.run(images, new Float32Array(group.length * dimension));
  return group.map((_, i) => embeddings.slice(i * dimension, (i + 1) * dimension));
}

/** Sums an attack run up. */
export function summarizeAttack(
  rows: readonly AttackRow[],
  skipped: number,
  { options }: AttackManifest,
): AttackSummary {
  const { radii, attacks, system, pixels } = options;
  const right = rows.filter(({ score }) => score === 1);
  const share = (some: number, of: number): number => (of === 0 ? 0 : some / of);
  const norms = rows.flatMap(({ smallest }) => (smallest ? [smallest.norm] : [])).sort((a, b) => a - b);
  return {
    queries: rows.length,
    skipped,
    failed: rows.filter(({ error }) => error !== undefined).length,
    system,
    pixels,
    recallAt1: share(right.length, rows.length),
    radii,
    empiricalRecallAt1: radii.map((_, i) =>
      share(rows.filter(({ holds }) => holds[i] === 1).length, rows.length),
    ),
    successRates: Object.fromEntries(
      attacks.map((attack) => [
        attack,
        radii.map((_, i) =>
          share(right.filter(({ successes }) => successes[attack]?.[i] === 1).length, right.length),
        ),
      ]),
    ),
    medianSmallestNorm: norms.length > 0 ? norms[norms.length >> 1] : null,
    seconds: rows.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}
