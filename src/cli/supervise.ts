/**
 * The first thread of the process. It runs the command line in a second one and does nothing but listen to signals and pass
 * output on, so that a signal is heard and a command is ended whatever that command is doing: a training step, the opening of
 * a model and the planning of a query hold their thread for as long as they take.
 */
import type { Worker } from 'node:worker_threads';
import { getHeapStatistics } from 'node:v8';
import { stackOf, startThread } from '../threads.ts';
import { EXIT } from './run-command.ts';
import { endSoon, onSignal } from './signals.ts';

/** What the second thread cannot see by itself. */
export interface ThreadSetup {
  /** Columns of standard output and standard error where they are terminals, else 0; kept up to date. */
  columns: Int32Array;
}

/** Runs the command line of this process in a thread, to its end. @returns the exit code */
export function supervise(): Promise<number> {
  const streams = [process.stdout, process.stderr];
  const columns = new Int32Array(new SharedArrayBuffer(4 * streams.length));
  for (const [i, stream] of streams.entries()) {
    const measure = (): void => {
      columns[i] = stream.isTTY ? stream.columns || 80 : 0;
    };
    measure();
    stream.on('resize', measure);
  }
  const worker = startThread(import.meta.url, './command-thread', { columns } satisfies ThreadSetup, {
    argv: process.argv.slice(2),
    // as much as this thread may have
    resourceLimits: { maxOldGenerationSizeMb: Math.floor(getHeapStatistics().heap_size_limit / 2 ** 20) },
  });
  return endOf(worker);
}

function endOf(worker: Worker): Promise<number> {
  const ignore = onSignal(() => worker.postMessage('stop'));
  return new Promise((resolve) => {
    let outputLost: number | undefined;
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (outputLost !== undefined) return;
      // a reader that goes away (`| head`) has what it wanted; a full device has not
      outputLost = error.code === 'EPIPE' ? 0 : EXIT.error;
      if (outputLost !== 0)
        process.stderr.write(`error: standard output cannot be written: ${error.code ?? error.message}\n`);
      worker.stdout.resume();
      worker.postMessage('leave');
      endSoon();
    });
    process.stderr.on('error', () => {}); // where that is gone nothing can be said
    worker.on('error', (error: unknown) => {
      process.stderr.write(`error: ${stackOf(error)}\n`);
    });
    worker.on('exit', (code) => {
      ignore();
      resolve(outputLost ?? code);
    });
  });
}
