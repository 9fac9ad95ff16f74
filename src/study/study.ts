/** Runs a study: trains its models, samples its queries once a run, and hands all rows on. Stopped at any point, it goes on. */
import { join } from 'node:path';
import { absoluteSpec, type Dataset, type DatasetItem, drawSample, openDataset } from '../datasets/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { readEncoderInfo, sigmaNotes } from '../encoder/index.ts';
import { machine, software } from '../evaluate/environment.ts';
import { locked, openRunFolder } from '../runs/index.ts';
import { Smoother, type SmootherOptions } from '../smoothing/index.ts';
import type { TrainingEvent } from '../training/index.ts';
import {
  modelFolder,
  requireTrainingData,
  speedOf,
  trainingImages,
  trainingPasses,
  type TrainingData,
  trainModel,
} from './models.ts';
import { mostSamples, planStudy, type StudyRun } from './plan.ts';
import { type RunEvent, type RunResult, runQueries, saysFinished } from './run.ts';
import type { Study } from './schema.ts';

/** What a study is expected to cost, told before it starts. */
export interface StudyEstimate {
  trainings: number;
  /** Runs that are not finished yet, and all of them. */
  runs: number;
  allRuns: number;
  queries: number;
  gallery: number;
  /** Of the encoder, in all unfinished runs: gallery, selection and estimation. */
  samples: number;
  /** Seconds, from the measured speed of each encoder on an idle machine. */
  training: number;
  sampling: number;
  threads: number;
}

/** What happens in a study. */
export type StudyEvent =
  | { kind: 'estimate'; estimate: StudyEstimate }
  | { kind: 'step'; step: number; steps: number; title: string }
  | { kind: 'training'; model: string; event: TrainingEvent }
  | { kind: 'run'; run: string; event: RunEvent };

/** Options of {@link runStudy}. */
export interface StudyOptions extends Pick<SmootherOptions, 'provider' | 'threads' | 'batch'> {
  study: Study;
  /** The study's folder. */
  out: string;
  /** Estimate only. */
  dryRun?: boolean;
  signal?: AbortSignal;
  /** Told of the estimate, each step and its progress. */
  onEvent?: (event: StudyEvent) => void;
}

/** A run with its rows. */
export interface FinishedRun extends StudyRun, RunResult {}

/** What a study found: everything that tables and figures are made of. */
export interface StudyResult {
  study: Study;
  runs: FinishedRun[];
  /** Items of the gallery. */
  gallery: number;
  environment: Readonly<Record<string, string | number>>;
}

/**
 * Runs a study in `out`. Trained models stay in out/models, rows in out/runs/<run>/rows.jsonl; what is finished is not done again.
 * @throws OPTION_INVALID for a study without data, RUN_MISMATCH when `out` holds another study, and as its steps do
 */
export function runStudy(options: StudyOptions): Promise<StudyResult | null> {
  return options.dryRun ? studyLocked(options) : locked(options.out, () => studyLocked(options));
}

async function studyLocked(options: StudyOptions): Promise<StudyResult | null> {
  const { study, out, signal, onEvent } = options;
  const { models, runs } = planStudy(study);
  if (runs.length === 0) {
    // nothing but formulas
    if (!options.dryRun) await openStudyFolder(out, study, null, [], null);
    return options.dryRun ? null : { study, runs: [], gallery: 0, environment: environmentOf(options) };
  }
  const { spec, dataset, queries } = await openTestData(study);
  const toTrain = models.filter(({ folder }) => folder === null);
  requireTrainingData(study, models);
  const trainingData = toTrain.length > 0 ? await openTrainingData(study) : null;
  const todo: StudyRun[] = [];
  for (const run of runs) if (!(await saysFinished(folderOf(out, run)))) todo.push(run);
  if (todo.length > 0 || options.dryRun) {
    const estimate = await estimateStudy(options, todo, dataset, queries, trainingData);
    onEvent?.({ kind: 'estimate', estimate: { ...estimate, allRuns: runs.length } });
  }
  if (options.dryRun) return null;
  await openStudyFolder(out, study, dataset, queries, trainingData);

  const needed = toTrain.filter(({ id }) => todo.some(({ model }) => model.id === id));
  const steps = needed.length + todo.length;
  let step = 0;
  for (const model of needed) {
    onEvent?.({ kind: 'step', step: ++step, steps, title: `train ${model.id}` });
    await trainModel(study, model, trainingData!, {
      out,
      provider: options.provider,
      threads: options.threads,
      signal,
      onEvent: (event) => onEvent?.({ kind: 'training', model: model.id, event }),
    });
  }
  const finished: FinishedRun[] = [];
  for (const run of runs) {
    if (todo.includes(run)) onEvent?.({ kind: 'step', step: ++step, steps, title: `certify ${run.id}` });
    const found = await runQueries({
      study,
      run,
      dataset,
      spec,
      queries,
      folder: folderOf(out, run),
      model: modelFolder(out, run.model),
      provider: options.provider ?? 'cpu',
      describe: () => readEncoderInfo(modelFolder(out, run.model), { provider: options.provider }),
      open: async () => {
        const smoother = await Smoother.open(modelFolder(out, run.model), smootherOptions(options));
        for (const text of [...smoother.info.notes, ...sigmaNotes(run.sigma, smoother.info)])
          onEvent?.({ kind: 'run', run: run.id, event: { kind: 'note', text } });
        return smoother;
      },
      signal,
      onEvent: (event) => onEvent?.({ kind: 'run', run: run.id, event }),
    });
    finished.push({ ...run, ...found });
  }
  return { study, runs: finished, gallery: dataset.items.length, environment: environmentOf(options) };
}

const folderOf = (out: string, { id }: StudyRun): string => join(out, 'runs', id);

const smootherOptions = ({ provider, threads, batch }: StudyOptions): SmootherOptions => ({
  provider,
  threads,
  batch,
});

function environmentOf({ provider = 'cpu' }: StudyOptions): Readonly<Record<string, string | number>> {
  return {
    ...software(),
    provider,
    ...machine(),
  };
}

async function openTestData({ data, seed }: Study) {
  if (data.test === undefined) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: "'data.test', the images that are searched",
      got: 'none',
      fix: 'Name them in the study, or with --data.',
    });
  }
  const dataset = await openDataset(data.test, {
    perClass: data.galleryPerClass,
    limit: data.galleryLimit,
    seed,
  });
  // as many of each class as possible
  const perClass = data.queries && Math.ceil(data.queries / dataset.labels.length);
  const queries = drawSample(dataset.items, { limit: data.queries, perClass, seed });
  return { spec: absoluteSpec(data.test), dataset, queries };
}

async function openTrainingData({ data }: Study): Promise<TrainingData> {
  const dataset = await openDataset(data.train!);
  const validation = data.validation === undefined ? null : await openDataset(data.validation);
  return {
    spec: absoluteSpec(data.train!),
    dataset,
    validation: validation && { spec: absoluteSpec(data.validation!), dataset: validation },
  };
}

/** Seconds of one plan with its certificates on one core, about: measured with a gallery of 500 items. */
const CERTIFY_SECONDS = 0.03;
/** Looks share a plan: together they cost about as much as so many cells. */
const LOOKS = 4;

async function estimateStudy(
  options: StudyOptions,
  todo: readonly StudyRun[],
  dataset: Dataset,
  queries: readonly DatasetItem[],
  trainingData: TrainingData | null,
): Promise<Omit<StudyEstimate, 'allRuns'>> {
  const { study } = options;
  const speeds = new Map<string, Awaited<ReturnType<typeof speedOf>>>();
  const trained = new Set<string>();
  const { selection } = study.sampling;
  const each =
    queries.length * (mostSamples(study) + selection + 1) +
    dataset.items.length * (study.gallery.samples + 1);
  let training = 0;
  let sampling = 0;
  let threads = 1;
  for (const { model, cells, looks } of todo) {
    // trainings of one dimension start as the same network
    const network = model.folder ?? `d${model.dimension}`;
    const speed = speeds.get(network) ?? (await speedOf(study, model, smootherOptions(options)));
    speeds.set(network, speed);
    threads = speed.threads;
    sampling += each / speed.samplesPerSecond;
    sampling += queries.length * CERTIFY_SECONDS * (cells.length + (looks ? LOOKS : 0));
    if (model.folder !== null || trained.has(model.id)) continue;
    trained.add(model.id);
    training +=
      (trainingPasses(study) * trainingImages(study, trainingData!.dataset)) / speed.samplesPerSecond;
  }
  return {
    trainings: trained.size,
    runs: todo.length,
    queries: queries.length,
    gallery: dataset.items.length,
    samples: each * todo.length,
    training,
    sampling,
    threads,
  };
}

/** Keys of a study that change nothing of a row. */
const FREE = new Set(['title', 'radii', 'data']);

/** Models that exist, without the place where they are: each run compares the hash of its own. */
const withoutFolders = (models: Study['models']): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(models).map(([name, model]) => [name, model.folder === undefined ? model : 'exists']),
  );

/** A folder belongs to one study: what changes a row is compared. */
async function openStudyFolder(
  out: string,
  study: Study,
  dataset: Dataset | null,
  queries: readonly DatasetItem[],
  trainingData: TrainingData | null,
): Promise<void> {
  const settings = Object.entries(study)
    .filter(([key]) => !FREE.has(key))
    .map(([key, value]) => [`study.${key}`, key === 'models' ? withoutFolders(study.models) : value]);
  await openRunFolder(out, {
    format: 'retrievalguard-study',
    version: 1,
    options: {
      ...(Object.fromEntries(settings) as Record<string, unknown>),
      queries: queries.length,
      testFingerprint: dataset?.fingerprint ?? null,
      trainFingerprint: trainingData?.dataset.fingerprint ?? null,
      validationFingerprint: trainingData?.validation?.dataset.fingerprint ?? null,
    },
  });
}
