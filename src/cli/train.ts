import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { absoluteSpec, type Dataset } from '../datasets/index.ts';
import { sigmaNotes } from '../encoder/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { invocation, machine, software } from '../evaluate/environment.ts';
import {
  type EpochRow,
  initialModel,
  train,
  TRAINING_FILES,
  type TrainingEvent,
  type TrainingResult,
} from '../training/index.ts';
import { openData } from './open-data.ts';
import { warnOfThreads } from './open-smoother.ts';
import { recipeConfiguration, TRAIN, type ValuesOf } from '../settings/index.ts';
import { runCommand } from './run-command.ts';
import { note, print, Steps, warn } from './terminal.ts';
import { count, verb } from '../words.ts';

type Values = ValuesOf<typeof TRAIN>;

/** retrievalguard train */
export const run = (values: Values): Promise<void> =>
  runCommand(async (signal) => {
    requireBegun(values);
    const dataset = await openData(values.data, values);
    const validation = values.validation === undefined ? null : await openData(values.validation);
    warnOfSharedClasses(dataset, validation);
    const initial = await initialModel({
      backbone: values.backbone,
      dimension: values.dimension,
      seed: values.seed,
      image: values,
    });
    for (const text of [...initial.notes, ...sigmaNotes(values.sigma, {})]) warn(text);
    warnOfThreads(values.threads);
    const show = new Display(values);
    const result = await train({
      configuration: {
        ...recipeConfiguration(values, initial),
        data: absoluteSpec(values.data),
        dataFingerprint: dataset.fingerprint,
        validation: values.validation === undefined ? null : absoluteSpec(values.validation),
        validationFingerprint: validation?.fingerprint ?? null,
        dimension: values.dimension,
        freeze: values.freeze ?? null,
        sigma: values.sigma,
        validationSigma: values.validationSigma ?? values.sigma,
        seed: values.seed,
      },
      environment: {
        ...software(),
        provider: values.provider,
        ...machine(),
        ...invocation(),
      },
      model: initial.model,
      dataset,
      validation,
      out: values.out,
      provider: values.provider,
      threads: values.threads,
      portable: values.portable,
      strict: values.strict,
      signal,
      onEvent: (event) => show.event(event),
    }).finally(() => show.stop());
    print(values.json ? JSON.stringify({ model: values.out, ...result }) : ended(values, result));
  });

/** With --resume there has to be something to go on with. */
function requireBegun({ resume, out }: Values): void {
  if (!resume) return;
  const path = join(out, TRAINING_FILES.folder, TRAINING_FILES.manifest);
  if (existsSync(path)) return;
  throw new RetrievalGuardError('RUN_INVALID', {
    expected: `a training that was begun in ${out}`,
    got: `no ${path}`,
    fix: 'Leave --resume out to begin one.',
  });
}

/** Retrieval of classes that were trained on says little about new ones. */
function warnOfSharedClasses(dataset: Dataset, validation: Dataset | null): void {
  if (validation === null) {
    warn('no --val: the last model is kept, and nothing tells whether it retrieves well');
    return;
  }
  const trained = new Set(dataset.labels);
  const shared = validation.labels.filter((label) => trained.has(label)).length;
  if (shared > 0) {
    warn(
      `${shared} of the ${count(validation.labels.length, 'class', 'classes')} of --val ${verb(shared, 'occurs', 'occur')} in --data too: the scores will be too good for new classes`,
    );
  }
}

/** What a person sees of a training: notes, a bar over its steps, a line for each epoch. */
class Display {
  readonly #values: Values;
  readonly #steps: Steps;
  #recall = '';
  #loss = Number.NaN;

  constructor(values: Values) {
    this.#values = values;
    this.#steps = new Steps(values);
  }

  event(event: TrainingEvent): void {
    switch (event.kind) {
      case 'reading':
        this.#steps.update(`read ${event.what} images`, event.done, event.total, '', 0);
        break;
      case 'skipped':
        this.#steps.line(`warning: left out ${event.id}: ${event.error}`);
        break;
      case 'started':
        if (event.done > 0)
          note(
            `resuming: ${event.done} of ${count(event.total, 'step')} ${verb(event.total, 'is', 'are')} done`,
            this.#values,
          );
        note(
          `training ${event.weights.toLocaleString('en')} weights in ${event.parameters} tensors: ${this.#values.epochs} ${this.#values.epochs === 1 ? 'epoch' : 'epochs'} of ${count(event.stepsPerEpoch, 'step')}`,
          this.#values,
        );
        this.#steps.begin('train', event.total, event.done);
        break;
      case 'step':
        this.#loss = Number.isNaN(this.#loss)
          ? event.statistics.loss
          : 0.95 * this.#loss + 0.05 * event.statistics.loss;
        this.#steps.update(
          'train',
          event.step,
          event.total,
          `epoch ${event.epoch}, loss ${this.#loss.toFixed(4)}${this.#recall}, ${event.imagesPerSecond.toFixed(0)} images/s`,
        );
        break;
      case 'judging':
        break;
      case 'epoch': {
        const text = scores(event.row);
        this.#recall = text && `, ${text}`;
        const { training, epoch, best, clean, seconds } = event.row;
        const mark = event.worse ? ' (kept, but worse than before training)' : best && clean ? ' (best)' : '';
        const parts = [
          training && `loss ${training.loss.toFixed(4)}`,
          text && text + mark,
          epoch > 0 && `${seconds.toFixed(1)} s`,
        ].filter(Boolean);
        if (parts.length > 0 && !this.#values.quiet) this.#steps.line(`epoch ${epoch}: ${parts.join(', ')}`);
        break;
      }
      case 'worse':
        this.stop();
        warn(worseText(event));
        break;
    }
  }

  stop(): void {
    this.#steps.stop();
  }
}

/** The warning of a model that the training made worse. */
export function worseText({ kept, untrained }: { kept: EpochRow; untrained: EpochRow }): string {
  return `the model that is kept, of epoch ${kept.epoch}, is worse than before training (${scores(kept)}; before: ${scores(untrained)}): try a lower learning rate, another loss or miner, or more classes`;
}

/** "Recall@1 0.861, under noise 0.824" */
function scores({ clean, noisy }: EpochRow): string {
  if (clean === null) return '';
  const noise = noisy === null ? '' : `, under noise ${noisy.recallAt1.toFixed(4)}`;
  return `Recall@1 ${clean.recallAt1.toFixed(4)}${noise}`;
}

function ended({ out, epochs }: Values, { best, history, stoppedEarly }: TrainingResult): string {
  const kept = history.find(({ epoch }) => epoch === (best?.epoch ?? history.at(-1)?.epoch));
  const start = history[0] && scores(history[0]);
  const early = stoppedEarly ? `, ended early after ${history.length - 1} of ${count(epochs, 'epoch')}` : '';
  if (kept === undefined || kept.clean === null) return `${out}: the model after the last epoch${early}`;
  return `${out}: the model of epoch ${kept.epoch}${early}\n${scores(kept)}; before training: ${start}`;
}
