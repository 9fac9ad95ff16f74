/** What every command does around its work: cancellation by Ctrl-C, errors as one clear message, exit codes. */
import { setMaxListeners } from 'node:events';
import { isRetrievalGuardError } from '../errors.ts';

/** Exit codes: 0 done, 1 an error, 2 a wrong command line, 130 interrupted. */
export const EXIT = { error: 1, usage: 2, interrupted: 130 } as const;

/**
 * Runs a command. The first Ctrl-C (or SIGTERM) lets what is running come to an end and keeps what is finished; a second one
 * ends the process at once.
 */
export async function runCommand(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  // every piece of work in flight listens
  setMaxListeners(0, controller.signal);
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write('\nstopping; what is finished is kept (press again to stop at once)\n');
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
      process.stderr.write(`error: ${error.message}\n`);
      process.exitCode = EXIT.error;
    } else {
      process.stderr.write(
        `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      process.exitCode = EXIT.error;
    }
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
