/** Ctrl-C and SIGTERM: asked to stop, then ended. */

/** How long what is running may take to come to an end, in milliseconds. */
const GRACE_MS = 4000;

/**
 * Listens to SIGINT and SIGTERM. The first calls `stop`; the process ends at once at a second, and where it has not ended by itself
 * after four seconds. Nothing finished is lost by that: rows are on the disk when they are made, and files are replaced whole.
 *
 * @returns stops listening
 */
export function onSignal(stop: () => void): () => void {
  let watchdog: NodeJS.Timeout | undefined;
  const listener = (): void => {
    if (watchdog) return endNow();
    process.stderr.write('\nstopping; what is finished is kept (press again to stop at once)\n');
    watchdog = endSoon();
    stop();
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    clearTimeout(watchdog);
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}

/** Ends the process where it has not ended by itself after four seconds. */
export const endSoon = (): NodeJS.Timeout => setTimeout(endNow, GRACE_MS).unref();

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Ends the process as an unheeded Ctrl-C does, which a shell shows as exit code 130. (process.exit would wait for threads that are
 * inside a run of ONNX Runtime or wait for a file to open.)
 */
function endNow(): void {
  if (process.stderr.isTTY) process.stderr.write('\x1b[?25h\x1b[?7h'); // what a progress bar turns off
  process.stderr.write('stopped at once; what is finished is kept\n');
  for (const signal of SIGNALS) process.removeAllListeners(signal);
  process.kill(process.pid, 'SIGINT');
}
