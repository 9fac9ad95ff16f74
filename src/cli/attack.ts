import { join, resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { absoluteSpec } from '../datasets/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { invocation, machine, software } from '../evaluate/environment.ts';
import {
  ATTACKS,
  attackDataset,
  type AttackedSystem,
  type AttackManifest,
  type AttackName,
  type AttackSummary,
  undefendedGallery,
} from '../evaluate/index.ts';
import { galleryHash } from '../gallery/index.ts';
import { LIMITS } from '../limits.ts';
import { didYouMean } from './nearest-name.ts';
import { openSmoother } from './open-smoother.ts';
import { openData } from './open-data.ts';
import { locked } from '../runs/index.ts';
import {
  type DataValues,
  counted,
  MODEL_OPTIONS,
  type ModelValues,
  numbers,
  OPTIONS,
  sampleOf,
} from './options.ts';
import { ownGallery, storedGallery, warnOfSelves } from './own-gallery.ts';
import type { CommandSpec } from './command-spec.ts';
import { failedQueries, runCommand } from './run-command.ts';
import { note, startProgress, type Verbosity, warn, print } from './terminal.ts';
import { count, verb } from '../words.ts';

interface Values extends DataValues, ModelValues, Verbosity {
  gallery?: string;
  leaveOneOut?: boolean;
  gallerySamples: number;
  sigma?: number;
  radius: number[];
  system: AttackedSystem;
  attack: AttackName[];
  steps: number;
  restarts: number;
  samples: number;
  judgeSamples: number;
  alpha: number;
  clip?: boolean;
  out: string;
  strict?: boolean;
  maxPixels?: number;
}

/** retrievalguard attack */
export const attackCommand: CommandSpec = {
  name: 'attack',
  summary: 'Recall@1 under attack',
  description:
    'Attacks every query of a dataset that is answered rightly: looks for a change of the image, of ℓ2 norm at most each --radius, after which an item of another class is nearest. Writes a run folder: rows.jsonl, summary.json, run.json and pictures of the smallest changes found; `report` shows it, beside the certified curve when certify runs are given too. The undefended encoder (--system base) is attacked by gradients of its graph; the smoothed systems by gradients through noisy copies, and each success is judged by fresh samples. Stopped or killed, it goes on when run again.',
  options: [
    OPTIONS.data(),
    OPTIONS.limit(),
    OPTIONS.perClass(),
    OPTIONS.gallery(),
    OPTIONS.leaveOneOut(),
    counted(
      '--gallery-samples <n>',
      'with --leave-one-out alone and a smoothed system: noisy copies of each vector',
      LIMITS.ownGallerySamples,
    ).default(256),
    new Option('--radius <list>', 'ℓ2 norms that a change has at most, separated by commas')
      .argParser(radii)
      .makeOptionMandatory(),
    new Option('--system <which>', 'the undefended encoder; nearest to the mean embedding; majority of votes')
      .choices(['base', 'mean', 'vote'])
      .default('base'),
    OPTIONS.sigma(),
    new Option(
      '--attack <names>',
      'pgd: projected gradient descent; cw: search for the smallest change; search: random changes, without gradients',
    )
      .argParser(attacks)
      .default(['pgd', 'cw'], 'pgd,cw'),
    counted(
      '--steps <n>',
      'gradient steps (cw takes twice, search five times as many)',
      LIMITS.steps,
    ).default(40),
    counted(
      '--restarts <n>',
      'random starts of pgd, the first from the image itself',
      LIMITS.restarts,
    ).default(1),
    counted(
      '--samples <n>',
      'noisy copies in each step against a smoothed system',
      LIMITS.attackSamples,
    ).default(16),
    counted(
      '--judge-samples <n>',
      'fresh samples that judge a success against a smoothed system',
      LIMITS.judgeSamples,
    ).default(2000),
    OPTIONS.alpha(),
    new Option('--clip', 'keep the pixels in [0,1]'),
    OPTIONS.seed(),
    new Option('--out <folder>', 'run folder to write').makeOptionMandatory(),
    ...MODEL_OPTIONS.map((name) => OPTIONS[name]()),
    OPTIONS.strict(),
    OPTIONS.maxPixels(),
    OPTIONS.quiet(),
    OPTIONS.json(),
  ],
  run: (values: Values) =>
    runCommand((signal) =>
      locked(values.out, async () => {
        requireSystem(values);
        const dataset = await openData(values.data, sampleOf(values));
        const smoother = await openSmoother(
          values,
          values.model,
          values.system === 'base' ? undefined : values.sigma,
        );
        try {
          const base = values.system === 'base';
          // the undefended system of a stored gallery is that of its clean vectors, whatever its σ
          const sigma = values.sigma ?? 0;
          const stored = values.gallery
            ? await storedGallery(values.gallery, smoother, base ? undefined : sigma)
            : await ownGallery(
                { ...values, sigma, gallerySamples: base ? 0 : values.gallerySamples },
                dataset,
                smoother,
                signal,
                false,
              );
          if (values.gallery) await warnOfSelves(dataset, stored, values.leaveOneOut);
          const gallery = base ? undefendedGallery(stored) : stored;
          const manifest: AttackManifest = {
            format: 'retrievalguard-attack',
            version: 1,
            options: {
              data: absoluteSpec(values.data),
              dataFingerprint: dataset.fingerprint,
              gallery: values.gallery ? resolve(values.gallery) : 'leave-one-out',
              galleryHash: galleryHash(stored.manifest),
              leaveOneOut: values.leaveOneOut ?? false,
              modelHash: smoother.info.encoderHash,
              preprocessingHash: smoother.info.preprocessingHash,
              system: values.system,
              sigma: values.sigma ?? null,
              attacks: values.attack,
              radii: values.radius,
              steps: values.steps,
              restarts: values.restarts,
              samples: values.samples,
              judgeSamples: values.judgeSamples,
              alpha: values.alpha,
              clip: values.clip ?? false,
              seed: values.seed,
            },
            environment: {
              ...software(),
              ...machine(),
              model: resolve(values.model),
              gallery: values.gallery ? resolve(values.gallery) : join(resolve(values.out), 'gallery'),
              galleryData: gallery.manifest.data,
              ...invocation(),
            },
          };
          const progress = startProgress('attack', dataset.items.length, values);
          let done = 0;
          let broken = 0;
          const { summary } = await attackDataset({
            dataset,
            gallery,
            smoother,
            manifest,
            out: values.out,
            strict: values.strict,
            maxPixels: values.maxPixels,
            signal,
            onProgress: (event) => {
              if (event.kind === 'resumed') {
                note(
                  `resuming: ${event.done} of ${count(event.total, 'query is', 'queries are')} finished`,
                  values,
                );
                progress.update(event.done);
              } else if (event.kind === 'skipped') {
                progress.line(`warning: left out ${event.query}: ${event.error}`);
              } else {
                done++;
                if (event.row.smallest) broken++;
                progress.update(event.done, `answers changed ${broken} of ${done}`);
              }
            },
          }).finally(() => progress.stop());
          if (summary.skipped > 0)
            warn(
              `${count(summary.skipped, 'image')} could not be read and ${verb(summary.skipped, 'was', 'were')} left out`,
            );
          failedQueries(summary.failed, values.out);
          print(values.json ? JSON.stringify(summary) : summaryText(summary, values.out));
        } finally {
          await smoother.close();
        }
      }),
    ),
};

function requireSystem({ gallery, leaveOneOut, system, sigma }: Values): void {
  if (!gallery && !leaveOneOut) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: '--gallery FOLDER or --leave-one-out',
      got: 'neither',
      fix: 'Build a gallery with `retrievalguard index`.',
    });
  }
  if (system === 'base' || sigma !== undefined) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `--sigma with --system ${system}`,
    got: 'none',
    fix: 'Give the standard deviation of the noise of the smoothed system.',
  });
}

function attacks(text: string): AttackName[] {
  const names = text.split(',').map((name) => name.trim());
  for (const name of names)
    if (!ATTACKS.includes(name as AttackName))
      throw new InvalidArgumentError(
        `Expected attacks among ${ATTACKS.join(', ')}; got '${name}'.${didYouMean(name, ATTACKS)}`,
      );
  return ATTACKS.filter((name) => names.includes(name));
}

function radii(text: string): number[] {
  const values = [...new Set(numbers(text))].sort((a, b) => a - b);
  if (values.length === 0 || values[0] <= 0)
    throw new InvalidArgumentError('Expected radii > 0 separated by commas.');
  return values;
}

/** The summary as a person reads it. */
function summaryText(summary: AttackSummary, out: string): string {
  const {
    queries,
    system,
    recallAt1,
    radii: at,
    empiricalRecallAt1,
    successRates,
    medianSmallestNorm,
  } = summary;
  const lines = at.map((radius, i) => {
    const rates = Object.entries(successRates).map(
      ([attack, values]) => `${attack} ${(100 * values[i]).toFixed(1)}%`,
    );
    return `  within ${radius}: Recall@1 ${empiricalRecallAt1[i].toFixed(4)}   broken by ${rates.join(', ')}`;
  });
  const smallest =
    medianSmallestNorm === null
      ? ''
      : `\nMedian norm of the smallest changes found: ${medianSmallestNorm.toPrecision(3)}`;
  return `${count(queries, 'query')}, system ${system}. Recall@1 without attack ${recallAt1.toFixed(4)}\n${lines.join('\n')}${smallest}\n\nNorms are ℓ2, pixels in [0,1]; shares of broken queries are of those answered rightly.\nRows, summary and pictures: ${out}`;
}
