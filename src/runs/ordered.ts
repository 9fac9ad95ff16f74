/**
 * Runs `work` on the values of a source with at most `limit` at once, and hands the results on in the order of the source.
 * The first failure stops it; results before it are still handed on.
 */
export async function inOrder<T, R>(
  source: AsyncIterable<T>,
  limit: number,
  work: (value: T) => Promise<R>,
  take: (result: R) => Promise<void>,
): Promise<void> {
  const running: Promise<R>[] = [];
  const settle = async (): Promise<void> => take(await running.shift()!);
  try {
    for await (const value of source) {
      running.push(work(value));
      running.at(-1)!.catch(() => {}); // awaited below
      if (running.length >= limit) await settle();
    }
    while (running.length > 0) await settle();
  } finally {
    await Promise.allSettled(running);
  }
}
