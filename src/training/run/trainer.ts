/** The training: epochs of steps, a judgement and a checkpoint after each. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { expandComposites } from '../../autodiff/index.ts';
import { lowerForCpu } from '../../runtime/index.ts';
import type { Dataset, DatasetItem } from '../../datasets/index.ts';
import { RetrievalGuardError, throwIfCancelled } from '../../errors.ts';
import { type ModelProto, sizeOf } from '../../onnx/index.ts';
import { guard, makeFolders, writeFileWhole } from '../../output.ts';
import { BatchLoader, EvaluationPictures, RandomStream, trainingKey } from '../data/index.ts';
import { buildTrainingGraph, type TrainingGraph } from '../graph/training-graph.ts';
import { type StepStatistics, TrainingSession } from '../graph/training-session.ts';
import { locked } from '../../runs/index.ts';
import { LOSSES } from '../losses/index.ts';
import { MINERS } from '../miners/index.ts';
import { OPTIMIZERS } from '../optimizers/index.ts';
import { schedule } from '../schedule.ts';
import { trainableParameters } from '../trainable.ts';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import {
  readTrainingManifest,
  requireSameConfiguration,
  type TrainingConfiguration,
  type TrainingManifest,
} from './configuration.ts';
import { withWeights, writeEncoder } from './export.ts';
import { TRAINING_FILES } from './files.ts';
import { type EpochRow, keptBelowUntrained, scoreOf } from './metrics-row.ts';
import { validate } from './validate.ts';
import { count } from '../../words.ts';

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

/** Embeddings nearer to each other than this on average, in three epochs in a row, have collapsed. */
const COLLAPSED = 0.05;
const COLLAPSED_EPOCHS = 3;

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
  const begun = await resume(options, folder);
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
      session.restore(
        Object.fromEntries(
          Object.entries(checkpoint.tensors).map(([name, { data: values }]) => [name, values]),
        ),
      );

    const manifest: TrainingManifest = {
      format: 'retrievalguard-training',
      version: 1,
      configuration,
      environment: begun?.environment ?? options.environment,
    };
    await writeFileWhole(join(folder, TRAINING_FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
    if (checkpoint) await writeMetrics(folder, checkpoint.history);

    const { stepsPerEpoch } = loader;
    const { epochs, seed, sigma } = configuration;
    const total = epochs * stepsPerEpoch;
    const rate = schedule(configuration.schedule, { epochs, stepsPerEpoch });
    const noise = new LossNoise(graph, seed);
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
          noise: noise.at(step),
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
      await writeCheckpoint(join(folder, TRAINING_FILES.checkpoint), { ...state, tensors: session.state() });
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

const sizeOfFile = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** @throws RUN_INVALID where a file that the others need is missing */
async function requireThere(path: string, out: string): Promise<void> {
  if (await sizeOfFile(path)) return;
  throw new RetrievalGuardError('RUN_INVALID', {
    expected: `${path}, which belongs to the training in ${out}`,
    got: 'no such file',
    fix: 'Restore it, or train in another folder.',
  });
}

/**
 * The training that was begun in the folder, whose options have to be the same. One that never finished an epoch left nothing
 * to go on with and is begun anew.
 */
async function resume(
  { configuration, out }: TrainOptions,
  folder: string,
): Promise<{ checkpoint: Checkpoint; environment: TrainingManifest['environment'] } | null> {
  const begun = await readTrainingManifest(join(folder, TRAINING_FILES.manifest));
  const checkpoint = begun && (await readCheckpoint(join(folder, TRAINING_FILES.checkpoint)));
  if (!begun) {
    for (const name of [TRAINING_FILES.checkpoint, TRAINING_FILES.metrics])
      if (await sizeOfFile(join(folder, name)))
        await requireThere(join(folder, TRAINING_FILES.manifest), out);
    if (await sizeOfFile(join(out, 'model.onnx')))
      throw new RetrievalGuardError('OUTPUT_UNWRITABLE', {
        expected: `${out} to hold no model that was not trained there`,
        got: 'a model.onnx without the training that made it',
        fix: 'Use another --out, or remove the model.',
      });
  }
  // a checkpoint is written before the metrics of its epoch
  if (begun && !checkpoint && (await sizeOfFile(join(folder, TRAINING_FILES.metrics))))
    await requireThere(join(folder, TRAINING_FILES.checkpoint), out);
  if (!checkpoint) return null;
  requireSameConfiguration(begun.configuration, configuration, out);
  return { checkpoint, environment: begun.environment };
}

/** Whether there is nothing left to do: all epochs done, or no improvement for `patience` of them. */
function isFinished(
  { epoch, best }: Pick<Checkpoint, 'epoch' | 'best'>,
  { epochs, patience }: TrainingConfiguration,
): 'complete' | 'early' | false {
  if (epoch >= epochs) return 'complete';
  return patience !== null && best !== null && epoch - best.epoch >= patience ? 'early' : false;
}

/** A loss of pairs needs two different pictures of a class: without any, every positive is the picture itself, at distance 0. */
function requirePairs({ loss, batch }: TrainingConfiguration, { items }: Dataset): void {
  if (!LOSSES[loss.name].pairs) return;
  const counts = new Map<string, number>();
  for (const { label } of items) counts.set(label, (counts.get(label) ?? 0) + 1);
  const paired = [...counts.values()].filter((count) => count > 1).length;
  if (batch.perClass > 1 && paired > 0) return;
  throw new RetrievalGuardError(
    batch.perClass > 1 ? 'DATASET_LABELS' : 'OPTION_INVALID',
    batch.perClass > 1
      ? {
          expected: `classes with at least two pictures for the loss ${loss.name}, which learns from pairs of them`,
          got: `${counts.size} classes of one picture each`,
          fix: 'Use more pictures of a class (or a larger --per-class), or --loss proxy-anchor.',
        }
      : {
          expected: `at least 2 images of each class in a batch for the loss ${loss.name}, which learns from pairs of them`,
          got: '--images-per-class 1',
          fix: 'Use --images-per-class 2 or more, or --loss proxy-anchor.',
        },
  );
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

/** The uniform numbers that a loss's miner draws with: a function of the seed and the step. */
class LossNoise {
  readonly #graph: TrainingGraph;
  readonly #seed: number;
  readonly #buffers: Record<string, Float32Array>;

  constructor(graph: TrainingGraph, seed: number) {
    this.#graph = graph;
    this.#seed = seed;
    this.#buffers = Object.fromEntries(
      graph.noise.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]),
    );
  }

  /** Values in (0,1) for the step, by input name; overwritten by the next call. */
  at(step: number): Readonly<Record<string, Float32Array>> {
    const key = trainingKey(this.#seed, 'loss');
    for (const [i, { name }] of this.#graph.noise.entries()) {
      const random = new RandomStream(key, step, i);
      const values = this.#buffers[name];
      // 23 bits and a half: exact in float32, and never 0 or 1
      for (let k = 0; k < values.length; k++)
        values[k] = (Math.floor(random.uniform() * 2 ** 23) + 0.5) / 2 ** 23;
    }
    return this.#buffers;
  }
}

function requireFinite(statistics: StepStatistics, step: number): void {
  for (const name of ['loss', 'gradientNorm']) {
    if (Number.isFinite(statistics[name])) continue;
    throw new RetrievalGuardError('TRAINING_FAILED', {
      expected: `a finite ${name} at step ${step}`,
      got: String(statistics[name]),
      fix: 'The training has diverged. Lower the learning rate, clip the gradient norm (--clip-norm 1), or begin with a warm-up (--warmup 100); the last checkpoint is kept.',
    });
  }
}

/** Stops a training whose embeddings have all become alike: no loss recovers from that. */
function requireSpread(history: readonly EpochRow[]): void {
  const last = history.slice(-COLLAPSED_EPOCHS);
  const spread = last.map(({ training }) => training?.negativeDistance ?? Infinity);
  if (spread.length < COLLAPSED_EPOCHS || spread.some((distance) => distance > COLLAPSED)) return;
  throw new RetrievalGuardError('TRAINING_FAILED', {
    expected: 'embeddings of different classes to differ',
    got: `a mean distance of ${spread.at(-1)!.toFixed(4)} between them for ${count(COLLAPSED_EPOCHS, 'epoch')}: the embeddings have collapsed`,
    fix: 'Use the miner distance-weighted or semi-hard in place of hard, a lower learning rate or a warm-up, or larger batches.',
  });
}

function writeMetrics(folder: string, history: readonly EpochRow[]): Promise<void> {
  const lines = history.map((row) => `${JSON.stringify(row)}\n`).join('');
  return writeFileWhole(join(folder, TRAINING_FILES.metrics), lines);
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
