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
