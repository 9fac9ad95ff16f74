/** One run of a study: a gallery, and an ordinary certification of its queries that sweeps over n, alpha and k. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset, DatasetItem } from '../datasets/index.ts';
import type { EncoderInfo } from '../encoder/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import {
  certifyDataset,
  galleryDifferences,
  identityBefore,
  indexDataset,
  type Row,
  runManifest,
  type Swept,
} from '../evaluate/index.ts';
import { type Gallery, openGallery, spreadNote } from '../gallery/index.ts';
import { loadRun } from '../report/index.ts';
import { findRun, locked, readIfAny, type RunProgress } from '../runs/index.ts';
import type { Smoother } from '../smoothing/index.ts';
import { mostSamples, type StudyRun } from './plan.ts';
import type { Study } from './schema.ts';

/** What happens in a run. */
export type RunEvent =
  | RunProgress<Row>
  | { kind: 'indexed'; done: number; total: number }
  | { kind: 'note'; text: string };

/** What a run works with. */
export interface RunWork {
  study: Study;
  run: StudyRun;
  /** The gallery's pictures and, among them, the queries: each is left out of the gallery for itself. */
  dataset: Dataset;
  /** The --data notation to record. */
  spec: string;
  queries: DatasetItem[];
  /** The run's folder, which `report` opens like any other. */
  folder: string;
  /** The model's place. */
  model: string;
  provider: string;
  open: () => Promise<Smoother>;
  /** Reads the model's files, to know it again, without starting anything. */
  describe: () => Promise<EncoderInfo>;
  signal?: AbortSignal;
  onEvent?: (event: RunEvent) => void;
}

/** A row of a run that sweeps. */
export type StudyRow = Row & { sweep: Swept };

/** What a run found. */
export interface RunResult {
  rows: StudyRow[];
  /** Size of the model's embedding. */
  dimension: number;
}

/** Everything that decides a number of a run's rows, but for its gallery. */
function identityOfRun({ study, run, dataset, queries, spec, provider }: RunWork, info: EncoderInfo) {
  const { selection, alpha, sharedNoise } = study.sampling;
  const settings = {
    sigma: run.sigma,
    methods: study.methods,
    gallerySetting: study.gallery.setting,
    leaveOneOut: true,
    k: 1,
    samples: mostSamples(study),
    selection,
    alpha,
    sharedNoise,
    seed: study.seed,
    pixels: 'input' as const,
    provider,
  };
  return {
    ...identityBefore(settings, { data: spec, dataset, info }),
    queriesHash: createHash('sha256')
      .update(JSON.stringify(queries.map(({ id, label }) => [id, label])))
      .digest('hex'),
    sweep: {
      cells: run.cells,
      targets: run.looks ? study.targets.map((target) => target * run.sigma) : null,
    },
  };
}

/** Whether a run says that it is finished; whether it is one of these settings is seen when it is opened. */
export const saysFinished = async (folder: string): Promise<boolean> =>
  (await readIfAny(folder, 'summary.json')).length > 0;

/**
 * The rows of a finished run, if it is of this model, this data and these settings.
 * @throws RUN_MISMATCH, saying what differs; RUN_INVALID, naming the file that is damaged
 */
async function finishedRun(work: RunWork, info: EncoderInfo): Promise<RunResult> {
  const { folder, queries } = work;
  await findRun(folder, identityOfRun(work, info));
  const { rows, summary } = await loadRun(folder, { dataset: { items: queries } });
  if (rows.length !== summary?.queries) {
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `${summary?.queries} rows in ${join(folder, 'rows.jsonl')}, as summary.json says`,
      got: `${rows.length}`,
      fix: `Restore the file, or remove ${join(folder, 'summary.json')}: the study then samples the missing queries again.`,
    });
  }
  return { rows: rows as StudyRow[], dimension: info.dimension };
}

/**
 * Samples every query once and writes its row. A finished run is read, not run again.
 * @throws RUN_MISMATCH when the folder holds a run of another model, data or settings, DATASET_EMPTY, CANCELLED, …
 */
export function runQueries(work: RunWork): Promise<RunResult> {
  return locked(work.folder, async () => {
    const { study, run, dataset, queries, folder, signal, onEvent } = work;
    // cheap: no thread is started for a run that is only read
    const info = await work.describe();
    if (await saysFinished(folder)) return finishedRun(work, info);
    const smoother = await work.open();
    try {
      const gallery = await galleryOf(work, smoother);
      const { rows } = await certifyDataset({
        dataset: { ...dataset, items: queries },
        gallery,
        smoother,
        manifest: runManifest(
          identityOfRun(work, smoother.info),
          gallery,
          smoother.info.input,
          { model: work.model, gallery: join(folder, 'gallery'), provider: work.provider },
          study.radii.map((radius) => Number((radius * run.sigma).toPrecision(12))),
        ),
        out: folder,
        signal,
        onProgress: onEvent,
      });
      return { rows: rows as StudyRow[], dimension: gallery.dimension };
    } finally {
      await smoother.close();
    }
  });
}

/**
 * The gallery of the run, kept in its folder: used again only where it is of this model and these settings. Another one is replaced, unless
 * there are rows that were made with it.
 */
async function galleryOf(work: RunWork, smoother: Smoother): Promise<Gallery> {
  const { study, run, dataset, spec, signal, onEvent } = work;
  const folder = join(work.folder, 'gallery');
  const { samples } = study.gallery;
  const asked = { dataset, smoother, sigma: run.sigma, samples, seed: study.seed };
  if (await stat(folder).catch(() => null)) {
    const known = await openGallery(folder).catch((cause: unknown) => {
      throw new RetrievalGuardError('RUN_INVALID', {
        expected: `the gallery of the run in ${folder} to be whole`,
        got: cause instanceof Error ? cause.message : String(cause),
        fix: `Remove ${folder}: the study builds it again.`,
        cause,
      });
    });
    const differs = galleryDifferences(known.manifest, asked);
    if (differs.length === 0) return known.load();
    if ((await readIfAny(work.folder, 'rows.jsonl')).length > 0) {
      throw new RetrievalGuardError('RUN_MISMATCH', {
        expected: `the gallery with which the rows in ${work.folder} were made`,
        got: `one whose ${differs.join(', ')} ${differs.length === 1 ? 'differs' : 'differ'}`,
        fix: `Remove ${work.folder} to have the run made again.`,
      });
    }
  }
  const { gallery } = await indexDataset({
    ...asked,
    data: spec,
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
