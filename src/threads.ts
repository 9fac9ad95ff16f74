/** Threads: how many, starting one from source or from the compiled package, and errors that cross between threads. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { type ErrorCode, isRetrievalGuardError, RetrievalGuardError } from './errors.ts';

/** Threads to use: as many as asked for, but no more than there are cores, beyond which each only adds memory. Default all cores. */
export const usableThreads = (asked = availableParallelism()): number =>
  Math.min(asked, availableParallelism());

/**
 * Starts a thread on a module: the compiled file, or the source itself (tests, development) under the tsx loader.
 *
 * @param from `import.meta.url` of the caller
 * @param module path of the module relative to the caller, without its extension
 * @param workerData what the module finds as `workerData`
 * @param options further ones of the Worker
 */
export function startThread(
  from: string,
  module: string,
  workerData: unknown,
  options: WorkerOptions = {},
): Worker {
  const extension = extname(from);
  const entry = new URL(module + extension, from);
  if (extension !== '.ts') return new Worker(entry, { ...options, workerData });
  const loader = pathToFileURL(
    join(dirname(createRequire(import.meta.url).resolve('tsx/package.json')), 'dist/esm/api/index.mjs'),
  ).href;
  const code = `import(${JSON.stringify(loader)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(entry.href)}); });`;
  return new Worker(code, { ...options, workerData, eval: true });
}

/** An error as plain data that can be posted. */
export interface PackedError {
  code: string;
  message: string;
  expected?: string;
  got?: string;
  fix?: string;
}

/** An error of any kind as plain data; one that is not of this package becomes WORKER_FAILED with its stack. */
export function packError(error: unknown): PackedError {
  if (isRetrievalGuardError(error)) {
    const { code, message, expected, got, fix } = error;
    return { code, message, expected, got, fix };
  }
  return { code: 'WORKER_FAILED', message: stackOf(error) };
}

/** An error with its stack, for those that are not of this package. */
export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** The error that {@link packError} packed; `expected` stands in where the original did not say. */
export function reviveError(packed: PackedError, expected: string): RetrievalGuardError {
  const { code, message, fix } = packed;
  return new RetrievalGuardError(code as ErrorCode, {
    expected: packed.expected ?? expected,
    got: packed.got ?? message,
    fix,
  });
}
