/** No single unit of work stops a run: what goes wrong with one becomes its row. */
import { type ErrorCode, isRetrievalGuardError } from '../errors.ts';

/** Errors of the run as a whole: its options, its threads, its disk. Whatever else is thrown comes from the unit at hand. */
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

const isOfOneUnit = (error: unknown): error is Error =>
  error instanceof Error && !(isRetrievalGuardError(error) && OF_THE_RUN.includes(error.code));

/**
 * The rows of units that are worked on together. Where that fails they are worked on one by one, and `failed` makes the row of one that fails
 * alone.
 * @throws what concerns the run as a whole
 */
export async function rowsOfEach<Unit, Row>(
  units: readonly Unit[],
  work: (units: readonly Unit[]) => Promise<Row[]>,
  failed: (unit: Unit, error: Error) => Row,
): Promise<Row[]> {
  try {
    return await work(units);
  } catch (error) {
    if (!isOfOneUnit(error)) throw error;
    if (units.length === 1) return [failed(units[0], error)];
  }
  const rows: Row[] = [];
  for (const unit of units) rows.push(...(await rowsOfEach([unit], work, failed)));
  return rows;
}
