/** What every command does around its work: cancellation by Ctrl-C, errors as one clear message, exit codes. */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { isRetrievalGuardError } from '../errors.ts';
import { stackOf } from '../threads.ts';
import { onSignal } from './signals.ts';
import { count } from '../words.ts';
import { printable, warn } from './terminal.ts';

/** Exit codes: 0 done, 1 an error, 2 a wrong command line, 130 interrupted. */
export const EXIT = { error: 1, usage: 2, interrupted: 130 } as const;

/** Says how many queries of a run failed, each of which is a row with its reason; the command then ends with 1. */
export function failedQueries(failed: number, out: string): void {
  if (failed === 0) return;
  warn(
    `${count(failed, 'query', 'queries')} failed and ${failed === 1 ? 'counts' : 'count'} as wrong: see 'error' in ${join(out, 'rows.jsonl')}`,
  );
  process.exitCode = EXIT.error;
}

/**
 * Runs a command. The first Ctrl-C (or SIGTERM) lets what is running come to an end and keeps what is finished; a second one, or
 * four seconds, end the process.
 */
export async function runCommand(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  // every piece of work in flight listens
  setMaxListeners(0, controller.signal);
  let quietly = false;
  const ignore = onStop((how) => {
    quietly = how === 'leave';
    controller.abort();
  });
  try {
    await work(controller.signal);
  } catch (error) {
    if (isRetrievalGuardError(error, 'CANCELLED')) {
      if (!quietly) process.stderr.write('stopped; run the same command again to go on\n');
      process.exitCode = EXIT.interrupted;
    } else if (isRetrievalGuardError(error)) {
      process.stderr.write(`error: ${printable(error.message)}\n`);
      process.exitCode = EXIT.error;
    } else {
      process.stderr.write(`error: ${stackOf(error)}\n`);
      process.exitCode = EXIT.error;
    }
  } finally {
    ignore();
  }
}

/** What the first thread tells a command: that a signal came, or that nobody reads its output any more. */
export type StopMessage = 'stop' | 'leave';

/** Calls `stop` when the process is asked to end; in a thread of its own (supervise.ts) the first thread says so. */
function onStop(stop: (how: StopMessage) => void): () => void {
  const port = parentPort;
  if (!port) return onSignal(() => stop('stop'));
  port.on('message', stop);
  return () => port.off('message', stop);
}
