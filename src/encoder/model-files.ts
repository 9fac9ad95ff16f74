/** Finds the files of a model. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { RetrievalGuardError } from '../errors.ts';
import { messageOf } from '../words.ts';
import { PREPROCESSING_FILES } from '../image/index.ts';
import { externalDataLocations, opsetOf, randomNodes, readModel } from '../onnx/index.ts';
import type { ModelFlags, TrainedWith } from './encoder-info.ts';

/** The files of a model, found and read, but for the weights. */
export interface ModelFiles {
  /** Absolute path of the .onnx file. */
  modelPath: string;
  /** SHA-256 of the .onnx file; with external data, of it and them. */
  modelHash: string;
  /** Files with tensors of the model, relative to its folder. */
  externalData: string[];
  /** Nodes that the model's outputs depend on and that are drawn anew in every run. */
  randomNodes: string[];
  /** Version of the standard operator set that the model asks for. */
  opset: number;
  /** What the files beside the model say of preprocessing, in the form of a preprocessor_config.json; the first one counts. */
  preprocessing: { file: string; config: unknown }[];
  /** Files of the usual names that say nothing of it. */
  silentFiles: string[];
  /** The parsed retrievalguard.json, where there is one. */
  trainedWith?: TrainedWith;
  flags: ModelFlags;
}

/**
 * Finds a model: `path` is a folder that holds `model.onnx` or `onnx/model.onnx`, or an .onnx file. The configuration
 * files are looked for in the folder, or beside the file (for a file in a folder called `onnx`, also above that);
 * `flags` say what they do not, and win where both speak.
 *
 * @throws RetrievalGuardError MODEL_NOT_FOUND, or ONNX_INVALID for a file that is no ONNX model
 */
export async function resolveModel(path: string, flags: ModelFlags = {}): Promise<ModelFiles> {
  const modelPath = await findModel(resolve(path));
  const folder = dirname(modelPath);
  // Parsed whole, but the weights are only views of the bytes, which go again at once.
  const model = readModel(await readFile(modelPath), modelPath);
  const externalData = externalDataLocations(model);
  for (const location of externalData) {
    if (isAbsolute(location) || relative(folder, join(folder, location)).startsWith('..')) {
      throw new RetrievalGuardError('ONNX_INVALID', {
        expected: 'external data in the folder of the model',
        got: `'${location}' in ${modelPath}`,
        fix: 'A model that reads files elsewhere is not loaded; export it again.',
      });
    }
    if (!existsSync(join(folder, location))) {
      throw new RetrievalGuardError('MODEL_NOT_FOUND', {
        expected: `the model's external data '${location}' in ${folder}`,
        got: 'no such file',
        fix: 'Weights of this model are stored in that file; put it beside the .onnx file.',
      });
    }
  }
  const configFolders = basename(folder) === 'onnx' ? [folder, dirname(folder)] : [folder];
  return {
    modelPath,
    modelHash: await hashModel(modelPath, folder, externalData),
    externalData,
    randomNodes: randomNodes(model),
    opset: opsetOf(model),
    ...(await readPreprocessing(configFolders)),
    trainedWith: await readTrainedWith(configFolders),
    flags,
  };
}

/**
 * SHA-256 of a model, in hex. Without external data it is that of the file, as `sha256sum` prints it; each external
 * file adds its location, its size and its bytes.
 */
async function hashModel(path: string, folder: string, externalData: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  await addFile(hash, path);
  for (const location of externalData) {
    const file = join(folder, location);
    hash.update(`\0${location}\0${(await stat(file)).size}\0`);
    await addFile(hash, file);
  }
  return hash.digest('hex');
}

async function addFile(hash: Hash, path: string): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
}

const LAYOUTS = ['model.onnx', join('onnx', 'model.onnx')];

async function findModel(path: string): Promise<string> {
  const entry = await stat(path).catch(() => undefined);
  if (entry === undefined) throw notFound(path, 'nothing there');
  if (!entry.isDirectory()) {
    if (path.endsWith('.onnx')) return path;
    throw notFound(path, 'a file whose name does not end in .onnx');
  }
  for (const layout of LAYOUTS) if (existsSync(join(path, layout))) return join(path, layout);
  const others = (
    await Promise.all(['.', 'onnx'].map((sub) => readdir(join(path, sub)).then(onnxIn(sub), () => [])))
  ).flat();
  throw notFound(
    path,
    others.length > 0 ? `a folder with ${others.join(', ')}` : 'a folder without any .onnx file',
    others.length > 0 ? 'Give the path of the .onnx file itself.' : undefined,
  );
}

const onnxIn = (sub: string) => (names: string[]) =>
  names.filter((name) => name.endsWith('.onnx')).map((name) => join(sub, name));

function notFound(path: string, got: string, fix?: string): RetrievalGuardError {
  return new RetrievalGuardError('MODEL_NOT_FOUND', {
    expected: `an .onnx file, or a folder with ${LAYOUTS.join(' or ')}, at ${path}`,
    got,
    fix,
  });
}

async function readJson(
  folders: readonly string[],
  name: string,
  code: 'PREPROCESSING_INVALID' | 'MODEL_UNSUPPORTED',
): Promise<{ path: string; content: unknown } | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    const text = await readFile(path, 'utf8');
    try {
      // some editors put a byte-order mark first
      return { path, content: JSON.parse(text.replace(/^\uFEFF/, '')) as unknown };
    } catch (cause) {
      throw new RetrievalGuardError(code, { expected: `JSON in ${path}`, got: messageOf(cause), cause });
    }
  }
  return undefined;
}

async function readPreprocessing(
  folders: readonly string[],
): Promise<Pick<ModelFiles, 'preprocessing' | 'silentFiles'>> {
  const preprocessing: ModelFiles['preprocessing'] = [];
  const silentFiles: string[] = [];
  for (const { name, read } of PREPROCESSING_FILES) {
    const json = await readJson(folders, name, 'PREPROCESSING_INVALID');
    if (!json) continue;
    const config = read(json.content);
    if (config === null) silentFiles.push(name);
    else preprocessing.push({ file: name, config });
  }
  return { preprocessing, silentFiles };
}

const TRAINED_WITH = z.looseObject({ sigma: z.number().nonnegative() });

async function readTrainedWith(folders: readonly string[]): Promise<TrainedWith | undefined> {
  const json = await readJson(folders, 'retrievalguard.json', 'MODEL_UNSUPPORTED');
  if (json === undefined) return undefined;
  const parsed = TRAINED_WITH.safeParse(json.content);
  if (parsed.success) return parsed.data;
  throw new RetrievalGuardError('MODEL_UNSUPPORTED', {
    expected: `a record with a number sigma ≥ 0 in ${json.path}`,
    got: z.prettifyError(parsed.error),
    cause: parsed.error,
  });
}
