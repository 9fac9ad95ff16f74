import { join, resolve } from 'node:path';
import { absoluteSpec } from '../datasets/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { invocation, machine, software } from '../evaluate/environment.ts';
import {
  attackDataset,
  type AttackManifest,
  type AttackSummary,
  undefendedGallery,
} from '../evaluate/index.ts';
import { galleryHash } from '../gallery/index.ts';
import { withSmoother } from './open-smoother.ts';
import { openData } from './open-data.ts';
import { locked } from '../runs/index.ts';
import { ownGallery, requireGallery, storedGallery, warnOfSelves } from './own-gallery.ts';
import { ATTACK, identityOf, type ValuesOf } from '../settings/index.ts';
import { NOISE_NAME } from '../smoothing/index.ts';
import { failedQueries, runCommand } from './run-command.ts';
import { startProgress, warn, print, noteResumed } from './terminal.ts';
import { count, verb } from '../words.ts';

type Values = ValuesOf<typeof ATTACK>;

/** retrievalguard attack */
export const run = (values: Values): Promise<void> =>
  runCommand((signal) =>
    locked(values.out, async () => {
      requireGallery(values);
      requireSystem(values);
      const dataset = await openData(values.data, values);
      const base = values.system === 'base';
      await withSmoother(values, values.model, base ? undefined : values.sigma, async (smoother) => {
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
            ...identityOf(ATTACK, values),
            data: absoluteSpec(values.data),
            dataFingerprint: dataset.fingerprint,
            gallery: values.gallery ? resolve(values.gallery) : 'leave-one-out',
            galleryHash: galleryHash(stored.manifest),
            modelHash: smoother.info.encoderHash,
            preprocessingHash: smoother.info.preprocessingHash,
            noise: base ? null : NOISE_NAME,
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
              noteResumed(event, values);
              progress.update(event.done);
            } else if (event.kind === 'skipped') {
              progress.line(`warning: left out ${event.query}: ${event.error.message}`);
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
      });
    }),
  );

function requireSystem({ system, sigma }: Values): void {
  if (system === 'base' || sigma !== undefined) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `--sigma with --system ${system}`,
    got: 'none',
    fix: 'Give the standard deviation of the noise of the smoothed system.',
  });
}

/** The summary as a person reads it. */
function summaryText(summary: AttackSummary, out: string): string {
  const { queries, system, pixels, recallAt1, medianSmallestNorm } = summary;
  const lines = summary.radii.map((radius, i) => {
    const rates = Object.entries(summary.successRates).map(
      ([attack, values]) => `${attack} ${(100 * values[i]).toFixed(1)}%`,
    );
    return `  within ${radius}: Recall@1 ${summary.empiricalRecallAt1[i].toFixed(4)}   broken by ${rates.join(', ')}`;
  });
  const smallest =
    medianSmallestNorm === null
      ? ''
      : `\nMedian norm of the smallest changes found: ${medianSmallestNorm.toPrecision(3)}`;
  return `${count(queries, 'query')}, system ${system}. Recall@1 without attack ${recallAt1.toFixed(4)}\n${lines.join('\n')}${smallest}\n\nNorms are ℓ2${pixels === 'file' ? ', of changes of the decoded files at their full size' : ''}, pixels in [0,1]; shares of broken queries are of those answered rightly.\nRows, summary and pictures: ${out}`;
}
