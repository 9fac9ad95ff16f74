/** What every command does around its work: cancellation by Ctrl-C, errors as one clear message, exit codes. */
import { spawn } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { isRetrievalGuardError } from '../errors.ts';
import { printable } from './terminal.ts';

/** Exit codes: 0 done, 1 an error, 2 a wrong command line, 130 interrupted. */
export const EXIT = { error: 1, usage: 2, interrupted: 130 } as const;

/** After a signal the work has so long to come to an end; then the process ends as it is: whatever is finished is on the disk. */
const GRACE_MS = 4000;

/**
 * Runs a command. The first Ctrl-C (or SIGTERM) lets what is running come to an end and keeps what is finished; after four seconds, or
 * with a second signal, the process ends whatever it does.
 */
export async function runCommand(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  // every piece of work in flight listens
  setMaxListeners(0, controller.signal);
  const interrupt = (): void => {
    if (controller.signal.aborted) endNow();
    process.stderr.write('\nstopping; what is finished is kept (press again to stop at once)\n');
    setTimeout(endNow, GRACE_MS).unref();
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    await work(controller.signal);
  } catch (error) {
    if (isRetrievalGuardError(error, 'CANCELLED')) {
      process.stderr.write('stopped; run the same command again to go on\n');
      process.exitCode = EXIT.interrupted;
    } else if (isRetrievalGuardError(error)) {
      process.stderr.write(`error: ${printable(error.message)}\n`);
      process.exitCode = EXIT.error;
    } else {
      process.stderr.write(
        `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      process.exitCode = EXIT.error;
    }
  } finally {
    ignore();
  }
}

/** Ends the process. Leaving waits for threads of the operating system, and one that waits itself would keep it for ever. */
function endNow(): never {
  const kill = `setTimeout(() => { try { process.kill(${process.pid}, 'SIGKILL') } catch {} }, 500)`;
  spawn(process.execPath, ['-e', kill], { detached: true, stdio: 'ignore' }).unref();
  process.exit(EXIT.interrupted);
}

/**
 * What becomes of a reader that goes away (`| head`) and of a full device: the first ends the process quietly, as it ends other programs,
 * the second with a sentence. Nothing can be said where standard error itself is gone.
 */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    process.stderr.write(`error: standard output cannot be written: ${error.code ?? error.message}\n`);
    process.exit(EXIT.error);
  });
  process.stderr.on('error', () => {});
}
