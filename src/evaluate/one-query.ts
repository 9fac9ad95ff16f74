/** No single query stops a run: what goes wrong with one becomes its row. */
import { type ErrorCode, isRetrievalGuardError } from '../errors.ts';

/** Errors of the run as a whole: its options, its threads, its disk. Whatever else is thrown comes from the query at hand. */
const OF_THE_RUN: readonly ErrorCode[] = [
  'CANCELLED',
  'WORKER_FAILED',
  'OPTION_INVALID',
  'GALLERY_INVALID',
  'GALLERY_MISMATCH',
  'MODEL_NOT_FOUND',
  'MODEL_UNSUPPORTED',
  'GRADIENT_UNSUPPORTED',
  'PROVIDER_UNAVAILABLE',
  'OUTPUT_UNWRITABLE',
];

const isOfOneQuery = (error: unknown): error is Error =>
  error instanceof Error && !(isRetrievalGuardError(error) && OF_THE_RUN.includes(error.code));

/**
 * The rows of queries that are worked on together. Where that fails they are worked on one by one, with the same noise, and `failed` makes the
 * row of one that fails alone.
 * @throws what concerns the run as a whole
 */
export async function rowsOfEach<Query, Row>(
  queries: readonly Query[],
  work: (queries: readonly Query[]) => Promise<Row[]>,
  failed: (query: Query, error: Error) => Row,
): Promise<Row[]> {
  try {
    return await work(queries);
  } catch (error) {
    if (!isOfOneQuery(error)) throw error;
    if (queries.length === 1) return [failed(queries[0], error)];
  }
  const rows: Row[] = [];
  for (const query of queries) rows.push(...(await rowsOfEach([query], work, failed)));
  return rows;
}
