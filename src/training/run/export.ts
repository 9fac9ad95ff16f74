/** Writes an encoder folder: what `certify` and any other user of ONNX loads. */
import { join } from 'node:path';
import { clone } from '@bufbuild/protobuf';
import { preprocessorConfig, type Preprocessing } from '../../image/index.ts';
import { foldConstants, makeTensor, type ModelProto, writeModel } from '../../onnx/index.ts';
import { ModelProtoSchema } from '../../onnx/generated/onnx_pb.ts';
import { guard, makeFolders, writeFileWhole } from '../../output.ts';

/** New values of initializers, by name. */
export type NewWeights = Readonly<Record<string, { shape: readonly number[]; data: Float32Array }>>;

/** The model with new weights. What depends on weights alone, such as their standardisation, is computed and stored. */
export function withWeights(model: ModelProto, weights: NewWeights): Promise<ModelProto> {
  const copy = clone(ModelProtoSchema, model);
  const graph = copy.graph!;
  for (const [i, { name }] of graph.initializer.entries()) {
    const found = Object.hasOwn(weights, name) ? weights[name] : undefined;
    if (found) graph.initializer[i] = makeTensor(name, found.data, found.shape);
  }
  return foldConstants(copy);
}

/**
 * Writes `model.onnx`, `preprocessor_config.json` and `retrievalguard.json`. Each file appears whole or not at all.
 *
 * @param provenance - stored in retrievalguard.json: at least the σ that the encoder was trained with
 * @throws RetrievalGuardError OUTPUT_UNWRITABLE
 */
export async function writeEncoder(
  folder: string,
  model: ModelProto,
  preprocessing: Preprocessing,
  provenance: Readonly<Record<string, unknown>> & { sigma: number },
): Promise<void> {
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  await guard(folder, () => makeFolders(folder));
  await writeFileWhole(join(folder, 'preprocessor_config.json'), json(preprocessorConfig(preprocessing)));
  await writeFileWhole(join(folder, 'retrievalguard.json'), json(provenance));
  await writeFileWhole(join(folder, 'model.onnx'), writeModel(model));
}
