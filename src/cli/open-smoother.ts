/** Opening a model, with everything that its user should know of it before the work begins. */
import { type EncoderInfo, sigmaNotes } from '../encoder/index.ts';
import { spreadNote } from '../gallery/index.ts';
import type { Gallery } from '../gallery/index.ts';
import { Smoother } from '../smoothing/index.ts';
import { usableThreads } from '../threads.ts';
import type { SmootherOptions } from '../smoothing/index.ts';
import { warn } from './terminal.ts';
import { count } from '../words.ts';

/**
 * Opens the model of a command and warns of what is assumed or looks wrong: its preprocessing, and a σ of another scale.
 * @param sigma - that the command was given, where it has one
 */
export async function openSmoother(
  values: SmootherOptions,
  model: string,
  sigma?: number,
): Promise<Smoother> {
  warnOfThreads(values.threads);
  const smoother = await Smoother.open(model, values);
  warnOfModel(smoother.info, sigma);
  return smoother;
}

/** Warns of more threads than there are cores. */
export function warnOfThreads(asked: number | undefined): void {
  const threads = usableThreads(asked);
  if (asked !== undefined && asked > threads)
    warn(`--threads ${asked} is more than the ${count(threads, 'core')} of this machine: using ${threads}`);
}

/** The warnings of {@link openSmoother}. */
export function warnOfModel(info: EncoderInfo, sigma?: number): void {
  for (const note of [...info.notes, ...(sigma === undefined ? [] : sigmaNotes(sigma, info))]) warn(note);
}

/** Warns of a gallery whose vectors are nearly all alike. */
export function warnOfSpread(gallery: Gallery): void {
  const note = spreadNote(gallery);
  if (note) warn(note);
}
