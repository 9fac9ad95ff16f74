/** The training: epochs of steps, a judgement and a checkpoint after each. */
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { expandComposites } from '../../autodiff/index.ts';
import { lowerForCpu } from '../../runtime/index.ts';
import type { Dataset, DatasetItem } from '../../datasets/index.ts';
import { RetrievalGuardError, throwIfCancelled } from '../../errors.ts';
import { type ModelProto, sizeOf } from '../../onnx/index.ts';
import { guard, makeFolders } from '../../output.ts';
import { BatchLoader, EvaluationPictures, RandomStream, trainingKey } from '../data/index.ts';
import { buildTrainingGraph, type TrainingGraph } from '../graph/training-graph.ts';
import { type StepStatistics, TrainingSession } from '../graph/training-session.ts';
import { locked } from '../../runs/index.ts';
import { LOSSES } from '../losses/index.ts';
import { MINERS } from '../miners/index.ts';
import { OPTIMIZERS } from '../optimizers/index.ts';
import { schedule } from '../schedule.ts';
import { trainableParameters } from '../trainable.ts';
import { requireFinite, requirePairs, requireSpread } from './checks.ts';
import type { TrainingConfiguration, TrainingManifest } from './configuration.ts';
import { withWeights, writeEncoder } from './export.ts';
import { TRAINING_FILES } from './files.ts';
import {
  type Checkpoint,
  requireThere,
  resume,
  writeCheckpoint,
  writeManifest,
  writeMetrics,
} from './folder.ts';
import { type EpochRow, keptBelowUntrained, scoreOf } from './metrics-row.ts';
import { validate } from './validate.ts';

/** What happens during a training. */
export type TrainingEvent =
  /** Pictures are read into memory. */
  | { kind: 'reading'; what: 'training' | 'validation'; done: number; total: number }
  /** A picture could not be read and is left out. */
  | { kind: 'skipped'; id: string; error: string }
  /** All is ready. `done` steps were done before, in a training that goes on. */
  | {
      kind: 'started';
      done: number;
      total: number;
      stepsPerEpoch: number;
      parameters: number;
      weights: number;
    }
  | {
      kind: 'step';
      epoch: number;
      /** Steps done since the beginning. */
      step: number;
      total: number;
      statistics: StepStatistics;
      /** Since the training was started or resumed. */
      imagesPerSecond: number;
    }
  | { kind: 'judging'; epoch: number }
  /** `worse`: its model was kept as the best trained one, but that before training is better. */
  | { kind: 'epoch'; row: EpochRow; worse: boolean }
  /** The training has ended, and the model before it was better than the one that is kept. */
  | { kind: 'worse'; kept: EpochRow; untrained: EpochRow };

/** Options of {@link train}. */
export interface TrainOptions {
  configuration: TrainingConfiguration;
  /** Where it runs and with what; stored, never compared. */
  environment: TrainingManifest['environment'];
  /** Backbone and head with their initial weights: one image input, one output of unit rows. */
  model: ModelProto;
  dataset: Dataset;
  validation: Dataset | null;
  /** Encoder folder to write; the training itself is kept in its subfolder `training`. */
  out: string;
  provider?: string;
  /** Of ONNX Runtime; default all cores. */
  threads?: number;
  /** Compute with standard operators only, also where the CPU provider has faster ones. Default false. */
  portable?: boolean;
  /** Throw at a picture that cannot be read instead of leaving it out. */
  strict?: boolean;
  signal?: AbortSignal;
  /** Told of every step, epoch and picture left out. */
  onEvent?: (event: TrainingEvent) => void;
}

/** How a training ended. */
export interface TrainingResult {
  /** The epoch whose model was kept and its score; null without held-out pictures, where the last model is kept. */
  best: Checkpoint['best'];
  history: readonly EpochRow[];
  /** Whether it ended before its last epoch for want of improvement. */
  stoppedEarly: boolean;
}

/**
 * Trains an encoder, or goes on with a training that was begun in `out` with the same configuration. After each epoch the model
 * is judged on the held-out pictures, the best one is written to `out`, and a checkpoint is written: a training that is killed
 * loses at most one epoch, and goes on to the same bits as if it had not been (on one machine with the same number of threads).
 *
 * @throws RetrievalGuardError TRAINING_FAILED when the loss is not finite or the embeddings collapse; RUN_MISMATCH; CANCELLED;
 *   and as reading data, building the gradient and writing files do
 */
export async function train(options: TrainOptions): Promise<TrainingResult> {
  requirePairs(options.configuration, options.dataset);
  return locked(options.out, () => trainLocked(options));
}

async function trainLocked(options: TrainOptions): Promise<TrainingResult> {
  const { configuration, model, out, signal, onEvent } = options;
  const folder = join(out, TRAINING_FILES.folder);
  await guard(folder, () => makeFolders(folder)); // a place that cannot be written is told before anything is read
  const begun = await resume(folder, configuration, out);
  const checkpoint = begun?.checkpoint ?? null;
  const done = checkpoint && isFinished(checkpoint, configuration);
  if (done) {
    // the checkpoint has the last weights only: a kept model that is gone cannot be made again of it
    if (checkpoint.history.some(({ best }) => best)) await requireThere(join(out, 'model.onnx'), out);
    await writeMetrics(folder, checkpoint.history);
    return ended(options, checkpoint, done === 'early');
  }

  const data = await openData(options);
  let session: TrainingSession | undefined;
  try {
    const { loader, pictures } = data;
    const graph = await buildGraph(options, loader.classNames.length);
    const lowered = options.portable
      ? expandComposites(graph.model)
      : await lowerForCpu(graph.model, { provider: options.provider });
    session = await TrainingSession.create(graph, lowered, options);
    if (checkpoint)
      session.restore(Object.entries(checkpoint.tensors).map(([name, tensor]) => [name, tensor.data]));

    await writeManifest(folder, configuration, begun?.environment ?? options.environment);
    if (checkpoint) await writeMetrics(folder, checkpoint.history);

    const { stepsPerEpoch } = loader;
    const { epochs, seed, sigma } = configuration;
    const total = epochs * stepsPerEpoch;
    const rate = schedule(configuration.schedule, { epochs, stepsPerEpoch });
    const noise = lossNoise(graph, seed);
    const state: Omit<Checkpoint, 'tensors'> = checkpoint ?? { epoch: 0, step: 0, best: null, history: [] };
    onEvent?.({
      kind: 'started',
      done: state.step,
      total,
      stepsPerEpoch,
      parameters: graph.parameters.length,
      weights: graph.carried
        .filter(({ input }) => graph.parameters.includes(input))
        .reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    });
    const checkCancelled = (): void => throwIfCancelled(signal);

    /** Judges the model as it is, keeps it if it is the best, and adds a row. */
    const conclude = async (row: Omit<EpochRow, 'clean' | 'noisy' | 'best'>): Promise<void> => {
      onEvent?.({ kind: 'judging', epoch: row.epoch });
      const trained = await withWeights(model, session!.state());
      const found = pictures
        ? await validate(trained, pictures, {
            ...options,
            ...configuration,
            sigma: configuration.validationSigma,
            onBatch: checkCancelled,
          })
        : { clean: null, noisy: null };
      const score = scoreOf(found, sigma);
      const best = row.epoch > 0 && (score === null || state.best === null || score > state.best.score);
      const finished: EpochRow = { ...row, ...found, best };
      if (best) {
        if (score !== null) state.best = { epoch: row.epoch, score };
        const { preprocessing, dimension } = configuration;
        await writeEncoder(out, trained, preprocessing, {
          sigma,
          dimension,
          ...provenanceOf(options, finished),
        });
      }
      state.history.push(finished);
      onEvent?.({
        kind: 'epoch',
        row: finished,
        worse: best && keptBelowUntrained(state.history, sigma) !== null,
      });
    };

    if (state.history.length === 0)
      await conclude({ epoch: 0, steps: 0, training: null, learningRate: 0, seconds: 0, imagesPerSecond: 0 });

    const { channels, height, width } = configuration.preprocessing;
    const size = configuration.batch.classes * configuration.batch.perClass;
    const beganAt = performance.now();
    const begunWith = state.step;
    while (!isFinished(state, configuration)) {
      const epoch = state.epoch + 1;
      const sums: Record<string, number> = {};
      const epochBegan = performance.now();
      for (let i = 0; i < stepsPerEpoch; i++) {
        checkCancelled();
        const step = state.step; // counted from 0
        const batch = await loader.batch(step);
        const statistics = await session.run(step + 1, configuration.learningRate * rate(step), {
          images: new Tensor('float32', batch.images, [size, channels, height, width]),
          labels: batch.labels,
          noise: noise(step),
        });
        requireFinite(statistics, step + 1);
        for (const [name, value] of Object.entries(statistics)) sums[name] = (sums[name] ?? 0) + value;
        state.step++;
        const seconds = (performance.now() - beganAt) / 1e3;
        const imagesPerSecond = ((state.step - begunWith) * size) / seconds;
        onEvent?.({ kind: 'step', epoch, step: state.step, total, statistics, imagesPerSecond });
      }
      const seconds = (performance.now() - epochBegan) / 1e3;
      const means = Object.fromEntries(
        Object.entries(sums).map(([name, value]) => [name, value / stepsPerEpoch]),
      ) as NonNullable<EpochRow['training']>;
      state.epoch = epoch;
      await conclude({
        epoch,
        steps: state.step,
        training: means,
        learningRate: configuration.learningRate * rate(state.step - 1),
        seconds,
        imagesPerSecond: (stepsPerEpoch * size) / seconds,
      });
      requireSpread(state.history);
      await writeCheckpoint(folder, { ...state, tensors: session.state() });
      await writeMetrics(folder, state.history);
    }
    return ended(options, state, isFinished(state, configuration) === 'early');
  } finally {
    await data.loader.close();
    await session?.release();
  }
}

/** The result; tells where the training made the model worse. */
function ended(
  { configuration, onEvent }: TrainOptions,
  { best, history }: Pick<Checkpoint, 'best' | 'history'>,
  stoppedEarly: boolean,
): TrainingResult {
  const worse = keptBelowUntrained(history, configuration.sigma);
  if (worse) onEvent?.({ kind: 'worse', ...worse });
  return { best, history, stoppedEarly };
}

/** The uniform numbers in (0,1) that a loss's miner draws with, by input name: a function of the seed and the step. */
function lossNoise({ noise }: TrainingGraph, seed: number): (step: number) => Record<string, Float32Array> {
  const key = trainingKey(seed, 'loss');
  const buffers = noise.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))] as const);
  return (step) => {
    for (const [i, [, values]] of buffers.entries()) {
      const random = new RandomStream(key, step, i);
      // 23 bits and a half: exact in float32, and never 0 or 1
      for (let k = 0; k < values.length; k++)
        values[k] = (Math.floor(random.uniform() * 2 ** 23) + 0.5) / 2 ** 23;
    }
    return Object.fromEntries(buffers);
  };
}

/** Whether there is nothing left to do: all epochs done, or no improvement for `patience` of them. */
function isFinished(
  { epoch, best }: Pick<Checkpoint, 'epoch' | 'best'>,
  { epochs, patience }: TrainingConfiguration,
): 'complete' | 'early' | false {
  if (epoch >= epochs) return 'complete';
  return patience !== null && best !== null && epoch - best.epoch >= patience ? 'early' : false;
}

/** The loader of the training pictures, and the held-out ones in memory. */
async function openData(options: TrainOptions): Promise<{
  loader: BatchLoader;
  pictures: EvaluationPictures | null;
}> {
  const { configuration, dataset, validation, strict, signal, onEvent } = options;
  const { preprocessing } = configuration;
  const reading = (what: 'training' | 'validation') => ({
    strict,
    signal,
    onSkip: ({ id }: DatasetItem, error: RetrievalGuardError) =>
      onEvent?.({ kind: 'skipped', id, error: error.message }),
    onProgress: (done: number, total: number) => onEvent?.({ kind: 'reading', what, done, total }),
  });
  const loader = await BatchLoader.open({
    items: dataset.items,
    preprocessing,
    augment: configuration.augment,
    sigma: configuration.sigma,
    seed: configuration.seed,
    ...configuration.batch,
    ...reading('training'),
  });
  try {
    const pictures = validation
      ? await EvaluationPictures.open({ items: validation.items, preprocessing, ...reading('validation') })
      : null;
    return { loader, pictures };
  } catch (error) {
    await loader.close();
    throw error;
  }
}

function buildGraph({ configuration, model }: TrainOptions, classes: number): Promise<TrainingGraph> {
  const { preprocessing, batch, loss, miner, optimizer, freeze } = configuration;
  const { channels, height, width } = preprocessing;
  const parameters = trainableParameters(model, { freeze: freeze ?? undefined }).map(({ name }) => name);
  if (parameters.length === 0) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a network with weights to train',
      got: freeze === null ? 'none' : `none after the node '${freeze}'`,
      fix: 'Freeze up to an earlier node.',
    });
  }
  return buildTrainingGraph({
    model,
    parameters,
    imageShape: [batch.classes * batch.perClass, channels, height, width],
    dimension: configuration.dimension,
    perClass: batch.perClass,
    classes,
    loss: LOSSES[loss.name].create(loss.options),
    miner: miner && MINERS[miner.name].create(miner.options),
    optimizer: OPTIMIZERS[optimizer.name](optimizer.options),
    learningRate: configuration.learningRate,
    weightDecay: configuration.weightDecay,
    clipNorm: configuration.clipNorm ?? undefined,
  });
}

/** How an encoder was made, for its retrievalguard.json. */
function provenanceOf({ configuration, environment }: TrainOptions, row: EpochRow): Record<string, unknown> {
  const { data, validation, backbone, loss, miner, optimizer, seed } = configuration;
  const round = (metrics: EpochRow['clean']) =>
    metrics && { recallAt1: metrics.recallAt1, mapAtR: metrics.mapAtR };
  return {
    madeBy: `retrievalguard ${String(environment.retrievalguard)}`,
    backbone,
    data,
    validation,
    epoch: row.epoch,
    steps: row.steps,
    loss: loss.name,
    miner: miner?.name ?? null,
    optimizer: optimizer.name,
    seed,
    ...(row.clean ? { heldOut: { clean: round(row.clean), noisy: round(row.noisy) } } : {}),
  };
}
