/**
 * Errors with a code, and the cancellation of long work.
 *
 * @module errors
 */

/**
 * Every error that RetrievalGuard raises on purpose: a code, what was expected, what came, and what to do.
 * docs/errors.md lists the codes; a test keeps the two in step.
 */
export const ERROR_CODES = {
  OPTION_INVALID: 'An option or argument has an impossible value.',
  CERTIFICATE_INPUT: 'A certificate or statistic was asked of impossible numbers.',
  IMAGE_UNREADABLE: 'An image file is missing, corrupt, truncated or of an unknown format.',
  PREPROCESSING_INVALID: 'preprocessor_config.json asks for something unknown or contradictory.',
  ONNX_INVALID: 'An ONNX model or graph is malformed or cannot be built.',
  GRADIENT_UNSUPPORTED: 'A graph holds an operator that cannot be differentiated.',
  MODEL_NOT_FOUND: 'No model was found at the given path.',
  MODEL_UNSUPPORTED: 'The model has inputs or outputs that an image encoder cannot have.',
  PROVIDER_UNAVAILABLE: 'The execution provider asked for cannot be used on this machine.',
  EMBEDDING_INVALID: 'The encoder returned NaN, infinity or a zero vector.',
  DATASET_SPEC: 'The --data notation was not understood.',
  DATASET_LAYOUT: 'A dataset folder lacks the files that its layout needs.',
  DATASET_EMPTY: 'The dataset holds no usable images.',
  DATASET_LABELS: 'The labels of the dataset or gallery cannot be used for retrieval.',
  GALLERY_INVALID: 'A gallery folder is incomplete or corrupt.',
  GALLERY_MISMATCH: 'The gallery was built with another model, sigma or preprocessing.',
  RUN_MISMATCH: 'A run folder exists already and was made with other options.',
  RUN_LOCKED: 'Another process works in the folder.',
  RUN_INVALID: 'A run folder is incomplete or corrupt.',
  OUTPUT_UNWRITABLE: 'An output file or folder cannot be written.',
  SAMPLES_TOO_FEW: 'So few samples can give no certificate at this alpha.',
  TRAINING_FAILED: 'The training diverged or its embeddings collapsed.',
  CANCELLED: 'The work was cancelled.',
  WORKER_FAILED: 'A worker thread failed.',
} as const;

/** One of the keys of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The three parts that every error tells, and optionally the error beneath it. */
export interface ErrorParts {
  /** What would have been right, for example "sigma > 0". */
  expected: string;
  /** What came instead, for example "sigma = -1". */
  got: string;
  /** What the reader can do about it, a sentence. */
  fix?: string;
  /** The lower-level error. */
  cause?: unknown;
}

/** The one error class; branch on `code`. */
export class RetrievalGuardError extends Error {
  override readonly name = 'RetrievalGuardError';
  readonly code: ErrorCode;
  readonly expected: string;
  readonly got: string;
  readonly fix: string | undefined;

  constructor(code: ErrorCode, parts: ErrorParts) {
    const fix = parts.fix ? ` ${parts.fix}` : '';
    super(`${code}: expected ${parts.expected}; got ${parts.got}.${fix}`, { cause: parts.cause });
    this.code = code;
    this.expected = parts.expected;
    this.got = parts.got;
    this.fix = parts.fix;
  }
}

/** True for errors of this package; pass `code` to ask for one kind. */
export function isRetrievalGuardError(error: unknown, code?: ErrorCode): error is RetrievalGuardError {
  return error instanceof RetrievalGuardError && (code === undefined || error.code === code);
}

/** What work that was cancelled ends with. */
export const cancellation = (): RetrievalGuardError =>
  new RetrievalGuardError('CANCELLED', { expected: 'the work to finish', got: 'a cancellation' });

/** @throws CANCELLED once the signal was given */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancellation();
}
