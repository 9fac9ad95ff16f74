/** One run of a study: a gallery, one pass over the queries, a row for each. Killed, it goes on where it stopped. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset, DatasetItem } from '../datasets/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { indexDataset, undefendedGallery } from '../evaluate/index.ts';
import { JournalWriter, readJournal } from '../evaluate/journal.ts';
import { type LoadedPicture, readPictures } from '../evaluate/pictures.ts';
import { type AnyManifest, openRunFolder } from '../evaluate/run-folder.ts';
import { type Gallery, openGallery, spreadNote } from '../gallery/index.ts';
import { makeFolders, writeFileWhole } from '../output.ts';
import type { Smoother } from '../smoothing/index.ts';
import { mostSamples, type StudyRun } from './plan.ts';
import { rankOf, rowOf, type RowContext, snapshotsOf, type StudyRow } from './rows.ts';
import type { Study } from './schema.ts';
import { count } from '../words.ts';

/** What happens in a run. */
export type RunEvent =
  | { kind: 'indexed'; done: number; total: number }
  | { kind: 'resumed'; done: number; total: number }
  | { kind: 'row'; row: StudyRow; done: number; total: number }
  | { kind: 'skipped'; id: string; error: string }
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

/** A finished run; null for one that is not. */
export async function finishedRun(folder: string): Promise<RunResult | null> {
  const text = await readFile(join(folder, FINISHED), 'utf8').catch(() => null);
  if (text === null) return null;
  const { dimension } = JSON.parse(text) as { dimension: number };
  return { rows: await readJournal<StudyRow>(join(folder, 'rows.jsonl')), dimension };
}

/**
 * Samples every query once and writes its row. A finished run is read, not run again.
 * @throws RUN_MISMATCH when the folder holds a run of another model or gallery, DATASET_EMPTY, CANCELLED, …
 */
export async function runQueries(work: RunWork): Promise<RunResult> {
  const { folder, queries, onEvent } = work;
  const finished = await finishedRun(folder);
  if (finished) return finished;
  const smoother = await work.open();
  try {
    await makeFolders(folder);
    const gallery = await galleryOf(work, smoother);
    await openRunFolder(folder, manifestOf(work, gallery, smoother));
    const rows = await readJournal<StudyRow>(join(folder, 'rows.jsonl'));
    if (rows.length > 0) onEvent?.({ kind: 'resumed', done: rows.length, total: queries.length });
    const skipped = await sample(work, gallery, smoother, rows);
    if (rows.length === 0) {
      throw new RetrievalGuardError('DATASET_EMPTY', {
        expected: `readable queries in ${work.spec}`,
        got: `${count(queries.length, 'image')}, none of which could be read`,
      });
    }
    await writeFileWhole(
      join(folder, FINISHED),
      `${JSON.stringify({ queries: rows.length, skipped, gallery: gallery.count, dimension: gallery.dimension })}\n`,
    );
    return { rows, dimension: gallery.dimension };
  } finally {
    await smoother.close();
  }
}

/** Samples the queries that have no row yet, and adds theirs to `rows`. @returns pictures that could not be read */
async function sample(
  work: RunWork,
  gallery: Gallery,
  smoother: Smoother,
  rows: StudyRow[],
): Promise<number> {
  const { study, run, queries, folder, signal, onEvent } = work;
  const { selection, alpha, sharedNoise } = study.sampling;
  const known = new Set(rows.map(({ query }) => query));
  const context: RowContext = {
    gallery,
    cells: run.cells,
    looks: run.looks,
    targets: study.targets.map((target) => target * run.sigma),
    alpha,
    methods: study.methods,
    setting: study.gallery.setting,
  };
  const settings = {
    sigma: run.sigma,
    selection,
    seed: study.seed,
    sharedNoise,
    snapshots: snapshotsOf(context),
  };
  const places = new Map(gallery.ids.map((id, index) => [id, index]));
  const classes = new Map(gallery.labelNames.map((label, index) => [label, index]));
  const clean = undefendedGallery(gallery);
  const cost = (mostSamples(study) + selection) / smoother.samplesPerSecond;
  const together = Math.min(MOST_TOGETHER, Math.max(1, Math.ceil(GROUP_SECONDS / cost)));
  smoother.setGallery(gallery);

  const journal = await JournalWriter.open(join(folder, 'rows.jsonl'));
  let skipped = 0;
  const finish = async (group: readonly LoadedPicture[]): Promise<void> => {
    const inputs = group.map(({ item, pixels }) => ({
      id: item.id,
      pixels,
      exclude: places.get(item.id),
      label: classes.get(item.label) ?? null,
    }));
    const began = performance.now();
    const counted = sharedNoise
      ? await smoother.countGroup(inputs, settings, { signal })
      : (await Promise.all(inputs.map((one) => smoother.countGroup([one], settings, { signal })))).flat();
    const seconds = Number(((performance.now() - began) / 1e3 / group.length).toFixed(4));
    for (const [slot, found] of counted.entries()) {
      const { label: position, exclude = null } = inputs[slot];
      const baseRank = rankOf(clean, await smoother.embedClean(inputs[slot], { signal }), position, exclude);
      const row = rowOf(context, found, { label: group[slot].item.label, position, baseRank, seconds });
      await journal.append(row);
      rows.push(row);
      onEvent?.({ kind: 'row', row, done: rows.length, total: queries.length });
      await new Promise((resolve) => setImmediate(resolve)); // Ctrl-C is heard between rows
      signal?.throwIfAborted();
    }
  };
  try {
    const pictures = readPictures(
      queries.filter(({ id }) => !known.has(id)),
      smoother.info.preprocessing,
      {
        onSkip: ({ id }, error) => {
          skipped++;
          onEvent?.({ kind: 'skipped', id, error: error.message });
        },
      },
    );
    const group: LoadedPicture[] = [];
    for await (const picture of pictures) {
      group.push(picture);
      if (group.length === together) await finish(group.splice(0));
    }
    if (group.length > 0) await finish(group);
  } finally {
    await journal.close();
  }
  return skipped;
}

/** The gallery of the run, kept in its folder. */
async function galleryOf(work: RunWork, smoother: Smoother): Promise<Gallery> {
  const { study, run, dataset, spec, signal, onEvent } = work;
  const folder = join(work.folder, 'gallery');
  const known = await openGallery(folder).catch(() => null);
  if (known) return known.load();
  const { gallery } = await indexDataset({
    dataset,
    data: spec,
    smoother,
    sigma: run.sigma,
    samples: study.gallery.samples,
    seed: study.seed,
    out: folder,
    signal,
    onSkip: ({ id }, error) => onEvent?.({ kind: 'skipped', id, error: error.message }),
    onItem: (done, total) => onEvent?.({ kind: 'indexed', done, total }),
  });
  const note = spreadNote(gallery);
  if (note) onEvent?.({ kind: 'note', text: note });
  return gallery;
}

function manifestOf({ run, queries }: RunWork, gallery: Gallery, { info }: Smoother): AnyManifest {
  return {
    format: 'retrievalguard-study-run',
    version: 1,
    options: {
      model: run.model.id,
      sigma: run.sigma,
      modelHash: info.encoderHash,
      preprocessingHash: info.preprocessingHash,
      vectorsHash: gallery.manifest.vectorsHash,
      itemsHash: gallery.manifest.itemsHash,
      queries: queries.length,
      cells: run.cells,
      looks: run.looks,
    },
  };
}
