/** One run of a study: a gallery, one pass over the queries, a row for each. Killed, it goes on where it stopped. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { AlphaBudget, CERTIFICATE_METHODS } from '../certify/index.ts';
import type { Dataset, DatasetItem } from '../datasets/index.ts';
import type { EncoderInfo } from '../encoder/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { indexDataset, undefendedGallery } from '../evaluate/index.ts';
import { type LoadedPicture, readPictures } from '../evaluate/read-pictures.ts';
import { mostSigmas } from '../evaluate/row-rules.ts';
import { type Gallery, type GalleryManifest, openGallery, spreadNote } from '../gallery/index.ts';
import {
  type AnyManifest,
  check,
  type JournalRules,
  locked,
  openRunFolder,
  performRun,
  readIfAny,
  readJournal,
  readJson,
  type Run,
  type RunProgress,
} from '../runs/index.ts';
import type { Smoother } from '../smoothing/index.ts';
import { FARTHEST } from './limits.ts';
import { type Cell, cellKey, mostSamples, type StudyRun } from './plan.ts';
import { type Radii, rankOf, rowOf, type RowContext, snapshotsOf, type StudyRow } from './rows.ts';
import type { Study } from './schema.ts';

/** What happens in a run. */
export type RunEvent =
  | RunProgress<StudyRow>
  | { kind: 'indexed'; done: number; total: number }
  /** Something went wrong with this query alone: it has no row, and is tried again when the study goes on. */
  | { kind: 'failed'; id: string; error: string }
  | { kind: 'note'; text: string };

/** What a run works with. */
export interface RunWork {
  study: Study;
  run: StudyRun;
  /** The gallery's pictures and, among them, the queries: each is left out of the gallery for itself. */
  dataset: Dataset;
  /** The --data notation to record. */
  spec: string;
  queries: readonly DatasetItem[];
  /** The run's folder. */
  folder: string;
  open: () => Promise<Smoother>;
  /** Reads the model's files, to know it again, without starting anything. */
  describe: () => Promise<EncoderInfo>;
  signal?: AbortSignal;
  onEvent?: (event: RunEvent) => void;
}

/** Seconds of sampling after which rows are written, about; and most queries that are sampled together. */
const GROUP_SECONDS = 2;
const MOST_TOGETHER = 8;

const FINISHED = 'finished.json';

/** What a run found. */
export interface RunResult {
  rows: StudyRow[];
  /** Size of the model's embedding. */
  dimension: number;
}

/** What a run is of: everything that decides a number of its rows. */
function identityOf({ study, run, dataset, queries }: RunWork, info: EncoderInfo) {
  const { selection, sharedNoise } = study.sampling;
  return {
    model: run.model.id,
    sigma: run.sigma,
    modelHash: info.encoderHash,
    preprocessingHash: info.preprocessingHash,
    dataFingerprint: dataset.fingerprint,
    queriesHash: createHash('sha256')
      .update(JSON.stringify(queries.map(({ id, label }) => [id, label])))
      .digest('hex'),
    gallerySamples: study.gallery.samples,
    gallerySetting: study.gallery.setting,
    seed: study.seed,
    selection,
    sharedNoise,
    methods: study.methods,
    targets: study.targets,
    cells: run.cells,
    looks: run.looks,
  };
}

const manifestOf = (work: RunWork, info: EncoderInfo): AnyManifest => ({
  format: 'retrievalguard-study-run',
  version: 1,
  options: identityOf(work, info),
});

const FINISHED_SCHEMA = z.object({
  queries: z.int().positive(),
  skipped: z.int().nonnegative(),
  failed: z.int().nonnegative().default(0),
  gallery: z.int().positive(),
  dimension: z.int().positive(),
});

/** Whether a run says that it is finished; whether it is one of these settings is seen when it is opened. */
export const saysFinished = async (folder: string): Promise<boolean> =>
  (await readIfAny(folder, FINISHED)).length > 0;

/**
 * The rows of a finished run, if it is of this model, this data and these settings; null for one that is not finished.
 * @throws RUN_MISMATCH, saying what differs; RUN_INVALID, naming the file that is damaged
 */
async function finishedRun(work: RunWork, info: EncoderInfo): Promise<RunResult | null> {
  const { folder } = work;
  if (!(await saysFinished(folder))) return null;
  const file = join(folder, FINISHED);
  const { queries, dimension } = check(FINISHED_SCHEMA, await readJson(folder, FINISHED), file);
  await openRunFolder(folder, manifestOf(work, info));
  const rows = await readJournal(join(folder, 'rows.jsonl'), studyRules(work));
  if (rows.length !== queries) {
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `${queries} rows in ${join(folder, 'rows.jsonl')}, as ${FINISHED} says`,
      got: `${rows.length}`,
      fix: `Restore the file, or remove ${file}: the study then samples the missing queries again.`,
    });
  }
  return { rows, dimension };
}

/**
 * Samples every query once and writes its row. A finished run is read, not run again.
 * @throws RUN_MISMATCH when the folder holds a run of another model, data or settings, DATASET_EMPTY, CANCELLED, …
 */
export function runQueries(work: RunWork): Promise<RunResult> {
  return locked(work.folder, async () => {
    // cheap: no thread is started for a run that is only read
    const finished = await finishedRun(work, await work.describe());
    if (finished) return finished;
    const smoother = await work.open();
    try {
      const { rows, summary } = await performRun(runOf(work, smoother));
      return { rows, dimension: summary.dimension };
    } finally {
      await smoother.close();
    }
  });
}

const radius = z.number().nonnegative();
const radii = z.partialRecord(z.enum(CERTIFICATE_METHODS), radius);
const STUDY_ROW: z.ZodType<StudyRow> = z.object({
  query: z.string(),
  label: z.string(),
  baseRank: z.int().nonnegative(),
  cells: z.array(
    z.object({
      samples: z.int().positive(),
      alpha: z.number().gt(0).lt(1),
      k: z.int().positive(),
      rank: z.int().nonnegative(),
      vote: z.union([z.literal(0), z.literal(1)]),
      radii,
    }),
  ),
  looks: z.array(z.object({ samples: z.int().positive(), radii })),
  limits: z.object({ paper: radius, cdf: radius, vote: radius }),
  seconds: z.number().nonnegative(),
});

/** The rules of a run's rows: its queries, and a certificate for each of its cells. */
function studyRules({ queries, run, study }: RunWork): JournalRules<StudyRow> {
  const labels = new Map(queries.map(({ id, label }) => [id, label]));
  const wanted = run.cells.map(cellKey).join('; ');
  const most = Math.max(...run.cells.map(({ samples }) => samples));
  const lookedAt = run.looks
    ? AlphaBudget.early(most, study.sampling.alpha)
        .looks.map(({ samples }) => samples)
        .join(', ')
    : '';
  return {
    schema: STUDY_ROW,
    key: ({ query }) => query,
    problem: ({ query, label, cells, looks, limits }) => {
      if (labels.get(query) !== label) return `the label '${label}' for '${query}'`;
      const there = cells.map(cellKey).join('; ');
      if (there !== wanted) return `certificates for ${there} instead of ${wanted}`;
      for (const cell of cells) {
        const problem = wrongRadius(cell.radii, cell, run.sigma);
        if (problem) return problem;
        for (const [method, found] of Object.entries(cell.radii)) {
          const right = method === 'vote' ? cell.vote === 1 : cell.rank >= 1 && cell.rank <= cell.k;
          if (found > 0 && !right) return `a certificate by ${method} of a wrong answer`;
        }
      }
      const seen = looks.map(({ samples }) => samples).join(', ');
      if (seen !== lookedAt) return `looks at ${seen || 'no'} samples instead of ${lookedAt || 'none'}`;
      for (const { samples, radii: found } of looks) {
        const problem = wrongRadius(found, { samples, alpha: study.sampling.alpha }, run.sigma);
        if (problem) return problem;
      }
      return Object.values(limits).some((limit) => limit > FARTHEST * run.sigma * (1 + 1e-9))
        ? `a limit beyond ${FARTHEST}σ`
        : null;
    },
  };
}

/** A radius that so many samples cannot give. */
function wrongRadius(
  found: Radii,
  { samples, alpha }: Pick<Cell, 'samples' | 'alpha'>,
  sigma: number,
): string | null {
  for (const method of CERTIFICATE_METHODS) {
    const length = found[method] ?? 0;
    if (length > 0 && !(length <= mostSigmas(method, samples, alpha) * sigma))
      return `a radius of ${length} for ${method}, which ${samples} samples cannot give at sigma ${sigma}`;
  }
  return null;
}

/** The run: a row for each query, of one pass of samples. */
function runOf(
  work: RunWork,
  smoother: Smoother,
): Run<AnyManifest, LoadedPicture, StudyRow, z.infer<typeof FINISHED_SCHEMA>> {
  const { study, run, queries, folder, signal, onEvent } = work;
  const { selection, alpha, sharedNoise } = study.sampling;
  const cost = (mostSamples(study) + selection) / smoother.samplesPerSecond;
  let gallery: Gallery;
  let failed = 0;
  return {
    out: folder,
    manifest: manifestOf(work, smoother.info),
    ids: queries.map(({ id }) => id),
    source: work.spec,
    rules: () => studyRules(work),
    read: (todo, onSkip) =>
      readPictures(
        queries.filter(({ id }) => todo(id)),
        smoother.info.preprocessing,
        { onSkip },
      ),
    begin: async (_, rows) => {
      gallery = await galleryOf(work, smoother, rows.length > 0);
      smoother.setGallery(gallery);
      const context: RowContext = {
        gallery,
        cells: run.cells,
        looks: run.looks,
        targets: study.targets.map((target) => target * run.sigma),
        alpha,
        methods: study.methods,
        setting: study.gallery.setting,
      };
      const snapshots = snapshotsOf(context);
      const settings = { sigma: run.sigma, selection, seed: study.seed, sharedNoise, snapshots };
      const places = new Map(gallery.ids.map((id, index) => [id, index]));
      const classes = new Map(gallery.labelNames.map((label, index) => [label, index]));
      const clean = undefendedGallery(gallery);
      return {
        together: Math.min(MOST_TOGETHER, Math.max(1, Math.ceil(GROUP_SECONDS / cost))),
        work: async (group) => {
          const inputs = group.map(({ item, pixels }) => ({
            id: item.id,
            pixels,
            exclude: places.get(item.id),
            label: classes.get(item.label) ?? null,
          }));
          const began = performance.now();
          const counted = sharedNoise
            ? await smoother.countGroup(inputs, settings, { signal })
            : (
                await Promise.all(inputs.map((one) => smoother.countGroup([one], settings, { signal })))
              ).flat();
          const seconds = Number(((performance.now() - began) / 1e3 / group.length).toFixed(4));
          const found: StudyRow[] = [];
          for (const [slot, one] of counted.entries()) {
            const { label: position, exclude = null } = inputs[slot];
            const embedding = await smoother.embedClean(inputs[slot], { signal });
            const baseRank = rankOf(clean, embedding, position, exclude);
            found.push(rowOf(context, one, { label: group[slot].item.label, position, baseRank, seconds }));
          }
          return found;
        },
        failed: ({ item }, error) => {
          failed++;
          onEvent?.({ kind: 'failed', id: item.id, error: error.message });
          return null;
        },
      };
    },
    summarize: (rows, skipped) => ({
      queries: rows.length,
      skipped,
      failed,
      gallery: gallery.count,
      dimension: gallery.dimension,
    }),
    summaryFile: FINISHED,
    signal,
    onProgress: onEvent,
  };
}

/**
 * The gallery of the run, kept in its folder: used again only where it is of this model and these settings. Another one is replaced, unless
 * there are rows that were made with it.
 */
async function galleryOf(work: RunWork, smoother: Smoother, begun: boolean): Promise<Gallery> {
  const { study, run, dataset, spec, signal, onEvent } = work;
  const folder = join(work.folder, 'gallery');
  const wanted: Partial<GalleryManifest> = {
    modelHash: smoother.info.encoderHash,
    preprocessingHash: smoother.info.preprocessingHash,
    dataFingerprint: dataset.fingerprint,
    sigma: study.gallery.samples === 0 ? 0 : run.sigma,
    samples: study.gallery.samples,
    seed: study.seed,
  };
  const there = await stat(folder).catch(() => null);
  if (there) {
    const known = await openGallery(folder).catch((cause: unknown) => {
      throw new RetrievalGuardError('RUN_INVALID', {
        expected: `the gallery of the run in ${folder} to be whole`,
        got: cause instanceof Error ? cause.message : String(cause),
        fix: `Remove ${folder}: the study builds it again.`,
        cause,
      });
    });
    const differs = Object.entries(wanted).filter(
      ([key, value]) => known.manifest[key as keyof GalleryManifest] !== value,
    );
    if (differs.length === 0) return known.load();
    if (begun) {
      throw new RetrievalGuardError('RUN_MISMATCH', {
        expected: `the gallery with which the rows in ${work.folder} were made`,
        got: `one whose ${differs.map(([key]) => key).join(', ')} ${differs.length === 1 ? 'differs' : 'differ'}`,
        fix: `Remove ${work.folder} to have the run made again.`,
      });
    }
  }
  const { gallery } = await indexDataset({
    dataset,
    data: spec,
    smoother,
    sigma: run.sigma,
    samples: study.gallery.samples,
    seed: study.seed,
    out: folder,
    overwrite: true,
    signal,
    onSkip: ({ id }, error) => onEvent?.({ kind: 'skipped', query: id, error }),
    onItem: (done, total) => onEvent?.({ kind: 'indexed', done, total }),
  });
  const note = spreadNote(gallery);
  if (note) onEvent?.({ kind: 'note', text: note });
  return gallery;
}
