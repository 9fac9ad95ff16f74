/** Runs the command line in processes, on tiny models and datasets made on the spot. */
import { type ChildProcess, execFile, fork, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll } from 'vitest';
import type { Row, Summary } from '../../src/evaluate/index.ts';
import { GraphBuilder, type Value } from '../../src/onnx/index.ts';
import { Random } from '../helpers/random.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Side of every picture and input here. */
export const SIDE = 8;
/** Values of a picture: three channels. */
export const PIXELS = 3 * SIDE * SIDE;

// --- the program ---------------------------------------------------------------------------------------------------

/** What a finished process left. */
export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A process that may still be running. */
export interface Running {
  child: ChildProcess;
  ended: Promise<Outcome>;
}

/** Arguments; lists among them are flattened. */
export type Arguments = readonly (string | readonly string[])[];

/** Starts `retrievalguard ...args`; `program` are Node's arguments before these, by default the compiled entry. */
export async function start(
  args: Arguments,
  { program, cwd = ROOT }: { program?: string[]; cwd?: string } = {},
): Promise<Running> {
  const child = spawn(process.execPath, [...(program ?? [await compiled()]), ...args.flat()], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs `retrievalguard ...args` to its end, as a process of its own. */
export async function runAlone(...args: Arguments): Promise<Outcome> {
  return (await start(args)).ended;
}

let runner: Promise<ChildProcess> | undefined;
let asked = 0;

/** Runs `retrievalguard ...args` to its end, in the process that runs all of a test file one after another (runner.mjs). */
export async function run(...args: Arguments): Promise<Outcome> {
  runner ??= startRunner();
  const child = await runner;
  const id = ++asked;
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => {
      runner = undefined;
      reject(new Error(`the process that ran retrievalguard ${args.flat().join(' ')} ended with ${code}`));
    };
    const answered = (message: Outcome & { id: number }): void => {
      if (message.id !== id) return;
      child.off('message', answered);
      child.off('exit', ended);
      const { code, signal, stdout, stderr } = message;
      resolve({ code, signal, stdout, stderr });
    };
    child.on('message', answered);
    child.on('exit', ended);
    child.send({ id, args: args.flat() });
  });
}

async function startRunner(): Promise<ChildProcess> {
  const program = pathToFileURL(join(dirname(await compiled()), 'program.js')).href;
  const child = fork(fileURLToPath(new URL('runner.mjs', import.meta.url)), [program], {
    cwd: ROOT,
    execArgv: [],
  });
  await once(child, 'message');
  child.unref();
  return child;
}

afterAll(async () => (await runner)?.disconnect());

/** Runs it and throws unless it succeeds. */
const succeedBy =
  (how: typeof run) =>
  async (...args: Arguments): Promise<Outcome> => {
    const outcome = await how(...args);
    if (outcome.code !== 0)
      throw new Error(
        `retrievalguard ${args.flat().join(' ')} ended with ${outcome.code}: ${outcome.stderr}`,
      );
    return outcome;
  };
export const succeed = succeedBy(run);
export const succeedAlone = succeedBy(runAlone);

const exec = promisify(execFile);
let entry: Promise<string> | null = null;

/**
 * The compiled entry, made from the sources as they are now: named by their hash, so that it is never stale and is made
 * once for all test files. (Through the tsx loader every process and thread would take another second to start.)
 */
function compiled(): Promise<string> {
  entry ??= compile();
  return entry;
}

async function compile(): Promise<string> {
  const cache = join(ROOT, 'node_modules', '.cache', 'retrievalguard-cli');
  await mkdir(cache, { recursive: true });
  for (const old of await readdir(cache)) {
    const path = join(cache, old);
    if (existsSync(path) && Date.now() - statSync(path).mtimeMs > 3_600_000)
      await rm(path, { recursive: true, force: true });
  }
  // where the compiled files look for what comes with the package
  await symlink(join(ROOT, 'data'), join(cache, 'data')).catch(() => {});
  for (let attempt = 0; attempt < 3; attempt++) {
    const hash = await sourceHash();
    const target = join(cache, hash);
    const main = join(target, 'cli', 'main.js');
    if (existsSync(main)) return main;
    const fresh = mkdtempSync(join(cache, 'new-'));
    const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
    // a type error is the type check's business: the code is written all the same
    await exec(process.execPath, [
      join(typescript, 'bin', 'tsc'),
      '-p',
      join(ROOT, 'tsconfig.build.json'),
      '--outDir',
      fresh,
    ]).catch(() => {});
    await writeFile(join(fresh, 'package.json'), '{ "type": "module" }\n');
    if (hash !== (await sourceHash())) {
      await rm(fresh, { recursive: true, force: true });
      continue; // somebody edits the sources
    }
    await rename(fresh, target).catch(() => rm(fresh, { recursive: true, force: true })); // another test file was first
    return main;
  }
  throw new Error('the sources keep changing');
}

async function sourceHash(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(ROOT, 'tsconfig.build.json')));
  const files = await readdir(join(ROOT, 'src'), { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).sort())
    hash.update(file).update(await readFile(join(ROOT, 'src', file)));
  return hash.digest('hex').slice(0, 24);
}

// --- files ---------------------------------------------------------------------------------------------------------

/** A temporary folder that goes when the tests of the file are over; the function joins paths in it. */
export function temporary(): (...parts: string[]) => string {
  const folder = mkdtempSync(join(tmpdir(), 'retrievalguard-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return (...parts) => join(folder, ...parts);
}

export async function readRows(folder: string): Promise<Row[]> {
  const text = await readFile(join(folder, 'rows.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

export async function readSummary(folder: string): Promise<Summary> {
  return JSON.parse(await readFile(join(folder, 'summary.json'), 'utf8')) as Summary;
}

/** Rows without the one field that a clock decides. */
export const untimed = (rows: readonly Row[]): Omit<Row, 'seconds'>[] =>
  rows.map(({ seconds: _seconds, ...row }) => row);

// --- models --------------------------------------------------------------------------------------------------------

/** Writes an encoder of [batch, 3, 8, 8] → [batch, dimension] whose body is `body`, given the pixels as [batch, 192]. */
export async function writeEncoder(
  path: string,
  dimension: number,
  body: (g: GraphBuilder, flat: Value) => Value,
  side = SIDE,
): Promise<string> {
  const g = new GraphBuilder({ name: 'test' });
  const x = g.input('image', 'float32', ['batch', 3, side, side]);
  const y = body(g, g.op('Flatten', [x], { axis: 1 }));
  g.output('embedding', y, 'float32', ['batch', dimension]);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, g.toBytes());
  return path;
}

/** Classes of {@link writeDataset}. */
export const CLASSES = ['ant', 'bee', 'cat', 'dog'];

/** One random pattern of ±1 a class: what its pictures show, and what {@link writeMatchingEncoder} looks for. */
const PATTERNS = CLASSES.map((_, label) => {
  const random = new Random(1000 + label);
  return Float32Array.from({ length: PIXELS }, () => (random.uniform() < 0.5 ? -1 : 1));
});

/** An encoder with one feature a class: the inner product with its pattern, the mean grey taken away. One matrix product. */
export function writeMatchingEncoder(path: string, scale = 1): Promise<string> {
  const weights = new Float32Array(PIXELS * CLASSES.length);
  for (const [label, pattern] of PATTERNS.entries())
    for (let i = 0; i < PIXELS; i++) weights[i * CLASSES.length + label] = (scale * pattern[i]) / PIXELS;
  const bias = PATTERNS.map((pattern) => -0.5 * scale * pattern.reduce((sum, v) => sum + v / PIXELS, 0));
  return writeEncoder(path, CLASSES.length, (g, flat) =>
    g.op('Gemm', [flat, g.constant(weights, [PIXELS, CLASSES.length]), g.constant(Float32Array.from(bias))]),
  );
}

// --- datasets ------------------------------------------------------------------------------------------------------

/** Writes a PNG of values in [0,1] (channel by channel) and returns the values as its bytes hold them. */
export async function writePng(path: string, planes: ArrayLike<number>, side = SIDE): Promise<Float64Array> {
  const area = side * side;
  const bytes = new Uint8ClampedArray(3 * area);
  for (let i = 0; i < 3 * area; i++) bytes[3 * (i % area) + Math.floor(i / area)] = 255 * planes[i];
  await mkdir(dirname(path), { recursive: true });
  await sharp(bytes, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toFile(path);
  return Float64Array.from(
    { length: 3 * area },
    (_, i) => bytes[3 * (i % area) + Math.floor(i / area)] / 255,
  );
}

/**
 * Writes `folder/<class>/<number>.png`: grey with the class's pattern, another class's mixed in. The mixture is anything from
 * none to more than half, so that some pictures are certified far, some barely, some not, and some are wrong.
 */
export async function writeDataset(
  folder: string,
  options: { perClass: number; seed: number; classes?: readonly string[]; mostMixed?: number },
): Promise<string> {
  const { perClass, seed, classes = CLASSES, mostMixed = 0.6 } = options;
  const random = new Random(seed);
  for (const name of classes) {
    const label = CLASSES.indexOf(name);
    for (let i = 0; i < perClass; i++) {
      const other = (label + 1 + random.integer(CLASSES.length - 1)) % CLASSES.length;
      const mix = mostMixed * random.uniform();
      const planes = Float64Array.from(
        { length: PIXELS },
        (_, p) =>
          0.5 + 0.1 * ((1 - mix) * PATTERNS[label][p] + mix * PATTERNS[other][p]) + 0.05 * random.normal(),
      );
      await writePng(join(folder, name, `${i}.png`), planes);
    }
  }
  return folder;
}
