import { join } from 'node:path';
import type { CertificateMethod } from '../certify/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import {
  certifyDataset,
  correctRadius,
  defaultRadii,
  findRun,
  identityBefore,
  type MethodSummary,
  PREFERRED,
  type Row,
  runManifest,
  scoreOf,
  stoppingOf,
  secondsPerPicture,
  type Summary,
} from '../evaluate/index.ts';
import { ownGallery, requireGallery, storedGallery, warnOfSelves } from './own-gallery.ts';
import { withSmoother } from './open-smoother.ts';
import { openData } from './open-data.ts';
import { locked } from '../runs/index.ts';
import { defaultSelection } from '../smoothing/index.ts';
import { STOPPED } from '../evaluate/reason-words.ts';
import type { CERTIFY, ValuesOf } from '../settings/index.ts';
import { readSecret } from './secret.ts';
import { failedQueries, runCommand } from './run-command.ts';
import { duration, note, print, startProgress, warn, noteResumed } from './terminal.ts';
import { count } from '../words.ts';

type Values = ValuesOf<typeof CERTIFY>;

/** retrievalguard certify */
export const run = (values: Values): Promise<void> =>
  runCommand((signal) =>
    locked(values.out, async () => {
      requireEnoughSamples(values);
      requireGallery(values);
      const dataset = await openData(values.data, values);
      await withSmoother(values, values.model, values.sigma, async (smoother) => {
        const { info } = smoother;
        const secretSeed = values.secret === undefined ? undefined : await readSecret(values.secret);
        const identity = identityBefore(values, { ...values, dataset, info, secretSeed });
        const gallery = values.gallery
          ? await storedGallery(values.gallery, smoother, values.sigma, values.identity)
          : await ownGallery(
              values,
              dataset,
              smoother,
              signal,
              // before anything in the folder is replaced
              await findRun(values.out, identity),
            );
        // in instance search a query is meant to find itself
        if (values.gallery && (!values.identity || values.leaveOneOut))
          await warnOfSelves(dataset, gallery, values.leaveOneOut);
        const queries = dataset.items.length;
        const reading = await secondsPerPicture(dataset.items, smoother, {
          maxPixels: values.maxPixels,
          signal,
        });
        const selection =
          values.selection === 'auto'
            ? defaultSelection(stoppingOf(values), values.methods, values.sigma)
            : values.selection;
        const cost = queries * (reading + (values.samples + selection) / smoother.samplesPerSecond);
        const most = values.targetRadius || values.timeBudget ? 'at most ' : '';
        note(
          `${count(queries, 'query', 'queries')} against ${count(gallery.count, 'item')}, ${most}${count(values.samples, 'sample')} each: ${most}about ${duration(cost)} on ${count(smoother.threads, 'thread')}`,
          values,
        );
        const progress = startProgress('certify', queries, values);
        const running = new Running(values.methods);
        const { summary } = await certifyDataset({
          dataset,
          gallery,
          smoother,
          secretSeed,
          manifest: runManifest(
            identity,
            gallery,
            info.input,
            { ...values, gallery: values.gallery ?? join(values.out, 'gallery') },
            values.radii ?? defaultRadii(values.sigma),
          ),
          out: values.out,
          strict: values.strict,
          maxPixels: values.maxPixels,
          signal,
          onProgress: (event) => {
            if (event.kind === 'resumed') {
              noteResumed(event, values);
              progress.update(event.done);
            } else if (event.kind === 'skipped') {
              running.skipped++;
              progress.line(`warning: left out ${event.query}: ${event.error.message}`);
            } else progress.update(event.done + running.skipped, running.add(event.row));
          },
        }).finally(() => progress.stop());
        if (summary.withoutPositive > 0)
          warn(
            `${count(summary.withoutPositive, 'query has', 'queries have')} ${values.identity ? 'no known item of its own in the gallery' : 'a label that no gallery item has'}: ${summary.withoutPositive === 1 ? 'it scores' : 'they score'} 0`,
          );
        if (summary.skipped > 0)
          warn(
            `${count(summary.skipped, 'image')} could not be read and ${summary.skipped === 1 ? 'was' : 'were'} left out (${join(values.out, 'skipped.jsonl')})`,
          );
        failedQueries(summary.failed, values.out);
        print(values.json ? JSON.stringify(summary) : summaryText(summary, values.out));
      });
    }),
  );

/** So few samples that not even unanimous ones tell a share from one half can certify nothing by any method. */
function requireEnoughSamples({ samples, alpha }: Values): void {
  const least = Math.floor(Math.log2(1 / alpha)) + 1;
  if (samples >= least) return;
  throw new RetrievalGuardError('SAMPLES_TOO_FEW', {
    expected: `--samples of at least ${least} with --alpha ${alpha}`,
    got: `--samples ${samples}`,
    fix: 'With fewer, no method can certify any radius; 1,000 to 100,000 are usual.',
  });
}

/** Recall so far, and the mean radius of one method as the summary will have it: over the queries that it answers rightly. */
class Running {
  readonly #method: CertificateMethod;
  #rows = 0;
  #score = 0;
  #right = 0;
  #radius = 0;
  skipped = 0;

  constructor(methods: readonly CertificateMethod[]) {
    this.#method = PREFERRED.find((method) => methods.includes(method))!;
  }

  add(row: Row): string {
    this.#rows++;
    this.#score += row.score;
    this.#right += scoreOf(row, this.#method);
    this.#radius += correctRadius(row, this.#method);
    const radius = this.#right > 0 ? (this.#radius / this.#right).toFixed(3) : '–';
    return `Recall ${(this.#score / this.#rows).toFixed(3)}, ${this.#method} mean radius ${radius}`;
  }
}

/** The summary as a person reads it. */
export function summaryText(summary: Summary, out: string): string {
  const { recallAt1, k, queries } = summary;
  const columns = thinned(summary.radii);
  const header = [
    'method',
    'mean radius',
    'median',
    'rejected',
    ...columns.map((i) => `CR@${k}(${summary.radii[i]})`),
  ];
  const lines = Object.entries(summary.methods).map(([method, found]: [string, MethodSummary]) => [
    method,
    found.meanRadius?.toFixed(4) ?? '–',
    found.medianRadius?.toFixed(4) ?? '–',
    found.rejectionRatio === null ? '–' : `${(100 * found.rejectionRatio).toFixed(1)}%`,
    ...columns.map((i) => found.certifiedRecallAt1[i].toFixed(3)),
  ]);
  const widths = header.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i].length)));
  const table = [header, ...lines]
    .map((line) =>
      line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
    )
    .join('\n');
  const others = (['vote', 'duel'] as const)
    .map((system) => (recallAt1[system] === undefined ? '' : `, ${system} ${recallAt1[system].toFixed(4)}`))
    .join('');
  const ends = Object.entries(summary.stopped)
    .filter(([reason]) => reason !== 'samples')
    .map(
      ([reason, ended]) =>
        `${STOPPED[reason as keyof typeof STOPPED]} for ${count(ended, 'query', 'queries')}`,
    );
  const ended =
    ends.length === 0
      ? ''
      : `\n\n${summary.samples.perQueryMean.toFixed(0)} samples a query on average: ${ends.join(', ')}.`;
  return `${count(queries, 'query', 'queries')}. Recall@${k}: base ${recallAt1.base.toFixed(4)}, smoothed ${recallAt1.smoothed.toFixed(4)}${others}\n\n${table}${ended}\n\nRadii are ℓ2 norms of changes of the image, pixels in [0,1]; CR@${k}(r): share of all queries answered rightly and certified beyond r.\nRows and summary: ${out}`;
}

/** At most six radii for a terminal. */
function thinned(radii: readonly number[]): number[] {
  const step = Math.max(1, Math.ceil(radii.length / 6));
  return radii.map((_, i) => i).filter((i) => i % step === 0);
}
