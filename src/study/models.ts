/** The models of a study: trained into its folder, or opened where they are. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset } from '../datasets/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { invocation, machine, software } from '../evaluate/environment.ts';
import { recipeConfiguration } from '../settings/index.ts';
import { Smoother, type SmootherOptions } from '../smoothing/index.ts';
import { type InitialModel, initialModel, train, type TrainingEvent } from '../training/index.ts';
import { writeEncoder } from '../training/run/export.ts';
import type { StudyModel } from './plan.ts';
import type { Study } from './schema.ts';

/** What trainings need besides the study. */
export interface TrainingData {
  /** In the --data notation, as it is recorded. */
  spec: string;
  dataset: Dataset;
  validation: { spec: string; dataset: Dataset } | null;
}

/** The folder of a model: its own, or where the study keeps what it trains. */
export const modelFolder = (out: string, { folder, id }: StudyModel): string =>
  folder ?? join(out, 'models', id);

/** Trains a model, or goes on where a training stopped; a finished one is left as it is. */
export async function trainModel(
  study: Study,
  model: StudyModel,
  data: TrainingData,
  options: {
    out: string;
    provider?: string;
    threads?: number;
    signal?: AbortSignal;
    onEvent?: (event: TrainingEvent) => void;
  },
): Promise<void> {
  const initial = await startOf(study, model);
  await train({
    configuration: {
      ...recipeConfiguration(study.training, initial),
      data: data.spec,
      dataFingerprint: data.dataset.fingerprint,
      validation: data.validation?.spec ?? null,
      validationFingerprint: data.validation?.dataset.fingerprint ?? null,
      dimension: model.dimension!,
      freeze: null,
      sigma: model.noise!,
      validationSigma: model.noise!,
      seed: study.seed,
    },
    environment: {
      ...software(),
      provider: options.provider ?? 'cpu',
      ...machine(),
      ...invocation(),
    },
    model: initial.model,
    dataset: data.dataset,
    validation: data.validation?.dataset ?? null,
    provider: options.provider,
    threads: options.threads,
    signal: options.signal,
    onEvent: options.onEvent,
    out: modelFolder(options.out, model),
  });
}

/** Images that a training shows to the network: in each epoch all, with quarter turns as classes of their own four times as many. */
export function trainingImages({ training }: Study, dataset: Dataset): number {
  return training.epochs * dataset.items.length * (training.augment === 'characters' ? 4 : 1);
}

/**
 * What a picture costs in training, in passes of the encoder. Forward and backward are three, losses, updates and augmentation come on
 * top: of conv4 seven were measured on two cores, of larger networks they matter less.
 */
export const trainingPasses = ({ training }: Study): number => (training.backbone === 'conv4' ? 7 : 4);

/** Speed of a model: of one that exists or, before it is trained, of the network that it starts as. */
export async function speedOf(
  study: Study,
  model: StudyModel,
  options: SmootherOptions,
): Promise<{ samplesPerSecond: number; threads: number }> {
  const measure = async (folder: string) => {
    const smoother = await Smoother.open(folder, options);
    const { samplesPerSecond, threads } = smoother;
    await smoother.close();
    return { samplesPerSecond, threads };
  };
  if (model.folder !== null) return measure(model.folder);
  const folder = await mkdtemp(join(tmpdir(), 'retrievalguard-speed-'));
  try {
    const { model: network, preprocessing } = await startOf(study, model);
    await writeEncoder(folder, network, preprocessing, { sigma: model.noise ?? 0 });
    return await measure(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function startOf({ training, seed }: Study, { dimension }: StudyModel): Promise<InitialModel> {
  const { backbone, height, width, channels } = training;
  return initialModel({ backbone, dimension: dimension!, seed, image: { height, width, channels } });
}

/** @throws OPTION_INVALID when models are to be trained and there is nothing to train on */
export function requireTrainingData(study: Study, models: readonly StudyModel[]): void {
  if (study.data.train !== undefined || models.every(({ folder }) => folder !== null)) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: "'data.train', for the models that the study trains",
    got: 'none',
    fix: 'Name the training images, or give models that exist (`folder`, or --model name=FOLDER).',
  });
}
