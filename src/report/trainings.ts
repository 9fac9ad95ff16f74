/** What a report asks of trainings. */
import type { EpochRow } from '../training/index.ts';
import type { Loaded, LoadedTraining } from './types.ts';

/** Whether it is a training. */
export function isTraining(one: Loaded): one is LoadedTraining {
  return one.manifest.format === 'retrievalguard-training';
}

/** The epoch whose model lies in the model folder; null before the first epoch is finished. */
export function keptEpoch({ history }: LoadedTraining): EpochRow | null {
  return history.findLast(({ best }) => best) ?? null;
}

/** The last epoch that is finished; 0 for none. */
export function lastEpoch({ history }: LoadedTraining): number {
  return history.at(-1)?.epoch ?? 0;
}

/** "σ = 0.25", or "no noise". */
export function noiseText({ manifest }: LoadedTraining): string {
  const { sigma } = manifest.configuration;
  return sigma > 0 ? `σ = ${sigma}` : 'no noise';
}
