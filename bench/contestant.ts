import { cpus } from 'node:os';

/** What is measured: something that draws samples. */
export interface Contestant {
  name: string;
  /** How it is set up, for the table's notes. */
  note: string;
  /** Seconds for this many samples. */
  run(samples: number): Promise<number>;
  close(): Promise<void>;
}

/** The middle value; the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Seconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1e3;
}

/**
 * Waits until other processes leave the machine alone: at most 5% of all cores busy over 200 ms. Gives up after `patience`
 * seconds and returns false.
 */
export async function quiet(patience: number): Promise<boolean> {
  const times = (): { idle: number; all: number } => {
    const all = cpus().map(({ times: t }) => [t.idle, t.user + t.nice + t.sys + t.irq + t.idle]);
    return { idle: all.reduce((sum, [idle]) => sum + idle, 0), all: all.reduce((sum, [, t]) => sum + t, 0) };
  };
  for (const until = performance.now() + 1e3 * patience; ; ) {
    const before = times();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const after = times();
    if (after.idle - before.idle >= 0.95 * (after.all - before.all)) return true;
    if (performance.now() > until) return false;
  }
}
