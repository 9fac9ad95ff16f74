/** Runs asynchronous tasks one after another. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Starts `task` when all earlier ones have ended, however they ended. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
