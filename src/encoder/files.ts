/** Finds the files of a model. */
import { access, readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { RetrievalGuardError } from '../errors.ts';
import { externalDataLocations, opsetOf, readModel } from '../onnx/index.ts';
import { hashModel } from './hash.ts';
import type { ModelFlags, TrainedWith } from './types.ts';

/** The files of a model, found and read, but for the weights. */
export interface ModelFiles {
  /** Absolute path of the .onnx file. */
  modelPath: string;
  /** SHA-256 of the .onnx file; with external data, of it and them. */
  modelHash: string;
  /** Files with tensors of the model, relative to its folder. */
  externalData: string[];
  /** Version of the standard operator set that the model asks for. */
  opset: number;
  /** The parsed preprocessor_config.json, where there is one. */
  preprocessorConfig?: unknown;
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
    if (!(await exists(join(folder, location)))) {
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
    opset: opsetOf(model),
    preprocessorConfig: (await readJson(configFolders, 'preprocessor_config.json', 'PREPROCESSING_INVALID'))
      ?.content,
    trainedWith: await readTrainedWith(configFolders),
    flags,
  };
}

const LAYOUTS = ['model.onnx', join('onnx', 'model.onnx')];

async function findModel(path: string): Promise<string> {
  const entry = await stat(path).catch(() => undefined);
  if (entry === undefined) throw notFound(path, 'nothing there');
  if (!entry.isDirectory()) {
    if (path.endsWith('.onnx')) return path;
    throw notFound(path, 'a file whose name does not end in .onnx');
  }
  for (const layout of LAYOUTS) if (await exists(join(path, layout))) return join(path, layout);
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

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

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
    if (!(await exists(path))) continue;
    const text = await readFile(path, 'utf8');
    try {
      return { path, content: JSON.parse(text) as unknown };
    } catch (cause) {
      throw new RetrievalGuardError(code, {
        expected: `JSON in ${path}`,
        got: cause instanceof Error ? cause.message : String(cause),
        cause,
      });
    }
  }
  return undefined;
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
