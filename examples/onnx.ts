/** Builds a small encoder in code and writes it as a model folder: `tsx examples/onnx.ts encoder`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { conv, globalAveragePool, GraphBuilder, readModel, relu } from 'retrievalguard/onnx';

const [folder] = process.argv.slice(2);
const g = new GraphBuilder({ name: 'small' });
const image = g.input('pixel_values', 'float32', ['batch', 3, 16, 16]);
const weights = Float32Array.from({ length: 8 * 3 * 3 * 3 }, (_, i) => Math.sin(1 + i * i));
const features = relu(g, conv(g, image, g.constant(weights, [8, 3, 3, 3]), { strides: [2, 2] }));
g.output('embedding', globalAveragePool(g, features), 'float32', ['batch', 8]);
const bytes = g.toBytes();
console.log(readModel(bytes, 'small').graph?.node.map(({ opType }) => opType));

await mkdir(folder, { recursive: true });
await writeFile(join(folder, 'model.onnx'), bytes);
const preprocessing = {
  size: { height: 16, width: 16 },
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
};
await writeFile(join(folder, 'preprocessor_config.json'), JSON.stringify(preprocessing, null, 2));
