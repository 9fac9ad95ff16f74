/** Run folders: begun once, resumed only with the same options. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { makeFolders, unwritable, writeFileWhole } from '../output.ts';

/** What run.json has of every kind of run. */
export interface AnyManifest {
  format: string;
  version: number;
  /** Everything that changes a number in a row. */
  options: Record<string, unknown>;
}

/** Paths may differ between two calls of one run; what they name is compared by its hash. */
const PATHS = new Set(['data', 'gallery', 'run']);

/**
 * Makes the run folder, or checks that it belongs to the same run.
 *
 * @returns the manifest that counts: the folder's own
 * @throws RUN_MISMATCH when the folder holds a run with other options, RUN_INVALID, OUTPUT_UNWRITABLE
 */
export async function openRunFolder<M extends AnyManifest>(out: string, manifest: M): Promise<M> {
  const file = join(out, 'run.json');
  try {
    await makeFolders(out);
  } catch (error) {
    throw unwritable(out, error);
  }
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unwritable(file, error);
    await requireNoRows(out);
    await requireNothingElse(out);
    await writeFileWhole(file, `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  }
  const known = parseManifest<M>(file, text, manifest.format);
  requireSameOptions(out, known.options, manifest.options);
  return known;
}

/** Rows without a run.json may be of other options than those of now. @throws RUN_INVALID */
async function requireNoRows(out: string): Promise<void> {
  const found = await stat(join(out, 'rows.jsonl')).catch(() => null);
  if (!found || found.size === 0) return;
  throw new RetrievalGuardError('RUN_INVALID', {
    expected: `${join(out, 'run.json')}, which says what the rows beside it were made with`,
    got: 'no such file',
    fix: 'Restore it, or use another folder.',
  });
}

/** What is a gallery or a model is no run. @throws OUTPUT_UNWRITABLE */
async function requireNothingElse(out: string): Promise<void> {
  for (const name of ['gallery.json', 'model.onnx']) {
    if (!(await stat(join(out, name)).catch(() => null))) continue;
    throw new RetrievalGuardError('OUTPUT_UNWRITABLE', {
      expected: `${out} to be a folder for a run`,
      got: `a folder with ${name}`,
      fix: 'Use another --out.',
    });
  }
}

/**
 * Whether `out` holds a certification already; for work that has to be done before it goes on and would change the folder.
 * @throws RUN_MISMATCH when it is a run with other options (those given are compared), RUN_INVALID
 */
export async function findRun(out: string, options: Readonly<Record<string, unknown>>): Promise<boolean> {
  const known = await readRun<AnyManifest>(out, 'retrievalguard-run').catch((error: unknown) => {
    // one that cannot be read is told when the run is opened
    if (error instanceof RetrievalGuardError && error.code === 'RUN_INVALID' && !error.cause) throw error;
    return null;
  });
  if (!known) return false;
  requireSameOptions(out, known.options, options, Object.keys(options));
  return true;
}

/** Reads run.json of a run. @throws RUN_INVALID when there is none of this format */
export async function readRun<M extends AnyManifest>(folder: string, format: M['format']): Promise<M> {
  const file = join(folder, 'run.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `${file}`,
      got: (cause as NodeJS.ErrnoException).code ?? String(cause),
      fix: 'Name the folder of a run.',
      cause,
    });
  }
  return parseManifest<M>(file, text, format);
}

function requireSameOptions(
  out: string,
  known: Readonly<Record<string, unknown>>,
  asked: Readonly<Record<string, unknown>>,
  names: readonly string[] = Object.keys({ ...known, ...asked }),
): void {
  const differences = names
    .filter((name) => !PATHS.has(name) && JSON.stringify(known[name]) !== JSON.stringify(asked[name]))
    .map((name) => `${name}: ${JSON.stringify(known[name])} there, ${JSON.stringify(asked[name])} now`);
  if (differences.length === 0) return;
  throw new RetrievalGuardError('RUN_MISMATCH', {
    expected: `the options with which ${out} was begun`,
    got: differences.join('; '),
    fix: 'Use the same options to resume it, or another --out.',
  });
}

function parseManifest<M extends AnyManifest>(file: string, text: string, format: string): M {
  let value: Partial<M> | null = null;
  try {
    value = JSON.parse(text) as M;
  } catch {
    // told below
  }
  if (value?.format === format && value.version === 1 && value.options) return value as M;
  throw new RetrievalGuardError('RUN_INVALID', {
    expected: `${file} to be the run.json of a ${format.replace('retrievalguard-', '')}`,
    got: text.trim() === '' ? 'an empty file' : text.slice(0, 60),
    fix: 'Name another folder, or remove this one.',
  });
}
