import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { formatDataSpec, parseDataSpec, SCHEME_SPLITS } from '../datasets/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { STUDY, type ValuesOf } from '../settings/index.ts';
import { EXIT, runCommand } from './run-command.ts';
import type { Study, StudyEstimate, StudyEvent } from '../study/index.ts';
import { duration, note, print, Steps, warn, noteResumed } from './terminal.ts';
import { worseText } from './train.ts';
import { count, messageOf } from '../words.ts';

type Values = ValuesOf<typeof STUDY>;

/** retrievalguard study */
export function run(file: string | undefined, values: Values, command: Command): Promise<void> {
  const { out = '', print: preset } = values;
  if (out === '' && preset === undefined)
    command.error("error: option '--out <folder>' is missing: what is finished is kept there");
  return runCommand(async (signal) => {
    // loaded here: charts and training would slow the start of every other command
    const { presetText, runStudy, writeStudy } = await import('../study/index.ts');
    if (preset !== undefined) {
      process.stdout.write(await presetText(preset));
      return;
    }
    const study = await readStudy(file, values);
    const show = new Display(values);
    const { provider, threads, batch, dryRun } = values;
    const result = await runStudy({
      study,
      out,
      provider,
      threads,
      batch,
      dryRun,
      signal,
      onEvent: (event) => show.event(event),
    }).finally(() => show.stop());
    if (!result) {
      if (values.json) print(JSON.stringify(show.estimate));
      return;
    }
    note('tables and figures', values);
    const written = await writeStudy(result, out);
    if (values.json) {
      print(JSON.stringify({ out, ...written }));
      return;
    }
    for (const { model, sigma, text } of written.comparison)
      print(`${model}, σ = ${sigma}: cdf against paper with n → ∞: ${text}`);
    print(
      `${count(written.tables.length, 'table')} in ${join(out, 'tables')}, ${count(written.figures.length, 'figure')} in ${join(out, 'figures')}`,
    );
    print(written.report);
  });
}

/** The study of the file or preset, with what the command line says in place of its own. */
async function readStudy(file: string | undefined, values: Values): Promise<Study> {
  const { checkStudy, parseStudy, readPreset } = await import('../study/index.ts');
  if ((file === undefined) === (values.preset === undefined)) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a study file or --preset',
      got: file === undefined ? 'neither' : 'both',
      fix: '`retrievalguard study --print small > study.yaml` makes a file to start from.',
    });
  }
  const study =
    file === undefined ? await readPreset(values.preset!) : parseStudy(await readText(file), file);
  const { models, backbone } = values;
  const trains =
    models === undefined && Object.values(study.models).some(({ folder }) => folder === undefined);
  const { test, train } = dataOf(values, trains && study.data.train === undefined);
  return checkStudy(
    {
      ...study,
      data: {
        ...study.data,
        ...(test && { test }),
        ...(train && { train }),
        ...(values.validation !== undefined && { validation: values.validation }),
      },
      ...(models && {
        models: Object.fromEntries(Object.entries(models).map(([name, folder]) => [name, { folder }])),
        // names of models that are not used
        reference: { sigma: study.reference.sigma },
        dimensions: { values: study.dimensions.values },
      }),
      ...(backbone !== undefined && { training: { ...study.training, backbone } }),
    },
    'the study with the options of the command line',
  );
}

/**
 * --data without a split stands for both parts of a dataset, where its layout has them and there is something to train.
 * @param trains - whether training images are needed and the study names none
 */
function dataOf({ data, trainData }: Values, trains: boolean): { test?: string; train?: string } {
  if (data === undefined || trainData !== undefined || !trains) return { test: data, train: trainData };
  const spec = parseDataSpec(data);
  if (spec.split !== null) return { test: data };
  const named = SCHEME_SPLITS[spec.scheme].includes('train');
  const split = (name: 'train' | 'test' | 'background' | 'evaluation') =>
    formatDataSpec({ ...spec, split: name });
  return named
    ? { test: split('test'), train: split('train') }
    : { test: split('evaluation'), train: split('background') };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a study file that can be read',
      got: messageOf(cause),
      fix: 'Name a YAML or JSON file, or use --preset.',
      cause,
    });
  }
}

/** What a person sees of a study: the estimate, a heading for each step, a bar within it. */
class Display {
  readonly #values: Values;
  readonly #steps: Steps;
  estimate: StudyEstimate | undefined;

  constructor(values: Values) {
    this.#values = values;
    this.#steps = new Steps(values);
  }

  event(event: StudyEvent): void {
    if (event.kind === 'estimate') {
      this.estimate = event.estimate;
      note(estimateText(event.estimate), this.#values);
    } else if (event.kind === 'step') {
      this.stop();
      note(`[${event.step}/${event.steps}] ${event.title}`, this.#values);
    } else if (event.kind === 'training') {
      const { event: inner } = event;
      if (inner.kind === 'step') {
        const { epoch, statistics } = inner;
        this.#steps.update(
          'train',
          inner.step,
          inner.total,
          `epoch ${epoch}, loss ${statistics.loss.toFixed(4)}`,
        );
      } else if (inner.kind === 'reading') this.#steps.update(`read ${inner.what}`, inner.done, inner.total);
      else if (inner.kind === 'skipped') this.#warn(inner.id, inner.error);
      else if (inner.kind === 'worse') {
        this.stop();
        warn(`${event.model}: ${worseText(inner)}`);
      }
    } else {
      const { event: inner } = event;
      if (inner.kind === 'note') this.#steps.line(`warning: ${inner.text}`);
      else if (inner.kind === 'skipped') this.#warn(inner.query, inner.error.message);
      else if (inner.kind === 'row' && inner.row.error !== undefined) {
        this.#steps.line(`warning: ${inner.row.query} failed: ${inner.row.error}`);
        process.exitCode = EXIT.error;
      } else if (inner.kind === 'resumed') noteResumed(inner, this.#values);
      else this.#steps.update(inner.kind === 'indexed' ? 'gallery' : 'queries', inner.done, inner.total);
    }
  }

  stop(): void {
    this.#steps.stop();
  }

  #warn(id: string, error: string): void {
    this.#steps.line(`warning: left out ${id}: ${error}`);
  }
}

function estimateText(estimate: StudyEstimate): string {
  const { trainings, runs, allRuns, queries, gallery, samples, training, sampling, threads } = estimate;
  const left = runs === allRuns ? count(runs, 'run') : `${runs} of ${count(allRuns, 'run')}`;
  const trained = trainings > 0 ? `${count(trainings, 'training')} (about ${duration(training)}), ` : '';
  return `${trained}${left} of ${count(queries, 'query')} against ${count(gallery, 'item')}, ${count(samples, 'sample')} (about ${duration(sampling)}): about ${duration(training + sampling)} on ${count(threads, 'thread')}`;
}
