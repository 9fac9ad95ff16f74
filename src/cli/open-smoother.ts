/** Opening a model, with everything that its user should know of it before the work begins. */
import { sigmaNotes } from '../encoder/index.ts';
import { Smoother, type SmootherOptions } from '../smoothing/index.ts';
import { usableThreads } from '../threads.ts';
import { warn } from './terminal.ts';
import { count } from '../words.ts';

/**
 * Opens the model of a command, warns of what is assumed or looks wrong (its preprocessing, a σ of another scale), and closes it
 * after the work.
 * @param sigma - that the command was given, where it has one
 */
export async function withSmoother(
  values: SmootherOptions,
  model: string,
  sigma: number | undefined,
  work: (smoother: Smoother) => Promise<void>,
): Promise<void> {
  warnOfThreads(values.threads);
  const smoother = await Smoother.open(model, values);
  const { info } = smoother;
  for (const note of [...info.notes, ...(sigma === undefined ? [] : sigmaNotes(sigma, info))]) warn(note);
  try {
    await work(smoother);
  } finally {
    await smoother.close();
  }
}

/** Warns of more threads than there are cores. */
export function warnOfThreads(asked: number | undefined): void {
  const threads = usableThreads(asked);
  if (asked !== undefined && asked > threads)
    warn(`--threads ${asked} is more than the ${count(threads, 'core')} of this machine: using ${threads}`);
}
