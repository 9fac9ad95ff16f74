import { RetrievalGuardError } from '../errors.ts';
import { secondsPerPicture } from '../evaluate/index.ts';
import { resolve } from 'node:path';
import { withSmoother } from './open-smoother.ts';
import { openData } from './open-data.ts';
import { indexShown } from './own-gallery.ts';
import { INDEX, type ValuesOf } from '../settings/index.ts';
import { runCommand } from './run-command.ts';
import { duration, note, print, printable, warn } from './terminal.ts';
import { count } from '../words.ts';

type Values = ValuesOf<typeof INDEX>;

/** retrievalguard index */
export const run = (values: Values): Promise<void> =>
  runCommand(async (signal) => {
    if (values.samples > 0 && values.sigma === undefined) {
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: '--sigma for a smoothed gallery',
        got: 'none',
        fix: 'Give --sigma, or --samples 0 for clean embeddings.',
      });
    }
    const dataset = await openData(values.data, values);
    await withSmoother(
      values,
      values.model,
      values.samples > 0 ? values.sigma : undefined,
      async (smoother) => {
        const reading = await secondsPerPicture(dataset.items, smoother, {
          maxPixels: values.maxPixels,
          signal,
        });
        const work = dataset.items.length * (reading + values.samples / smoother.samplesPerSecond);
        note(
          `${count(dataset.items.length, 'image')} of ${count(dataset.labels.length, 'class', 'classes')}, ${count(values.samples, 'sample')} each: about ${duration(work)} on ${count(smoother.threads, 'thread')}`,
          values,
        );
        const { gallery, skipped } = await indexShown(values, dataset, smoother, {
          sigma: values.sigma ?? 0,
          samples: values.samples,
          out: values.out,
          overwrite: values.overwrite,
          signal,
        });
        if (skipped > 0)
          warn(
            `${skipped} of ${count(dataset.items.length, 'image')} could not be read or embedded and ${skipped === 1 ? 'was' : 'were'} left out`,
          );
        const result = {
          gallery: resolve(values.out),
          items: gallery.count,
          classes: gallery.labelNames.length,
          dimension: gallery.dimension,
          sigma: gallery.manifest.sigma,
          samples: gallery.manifest.samples,
          skipped,
        };
        print(
          values.json
            ? JSON.stringify(result)
            : `${printable(values.out)}: ${count(result.items, 'item')} of ${count(result.classes, 'class', 'classes')}, ${result.dimension} dimensions${skipped > 0 ? `, ${skipped} left out` : ''}`,
        );
      },
    );
  });
