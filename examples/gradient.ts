/** How an encoder's embedding of a picture changes with each pixel: `tsx examples/gradient.ts encoder photo.jpg`. */
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { loadImage, readEncoderInfo } from 'retrievalguard';
import { addGradients, measureGraph } from 'retrievalguard/autodiff';
import { lowerForCpu } from 'retrievalguard/runtime';
import { GraphBuilder, readModel, writeModel } from 'retrievalguard/onnx';

const [path, photo] = process.argv.slice(2);
const { modelPath, input, output, dimension, preprocessing } = await readEncoderInfo(path);
const shape = [1, input.channels, input.height, input.width];

// the model, extended by the gradient of ⟨upstream, embedding⟩ with respect to the picture
const model = readModel(await readFile(modelPath));
const measured = await measureGraph(model, { [input.name]: shape });
const g = GraphBuilder.extending(model, { domains: { retrievalguard: 1 } });
const upstream = g.input('upstream', 'float32', [1, dimension]);
const gradients = addGradients(g, measured, { upstream: { [output.name]: upstream }, wrt: [input.name] });
g.clearOutputs();
g.output('gradient', gradients.get(input.name)!, 'float32', shape);

const lowered = await lowerForCpu(g.toModel(), { shapes: { [input.name]: shape } });
const session = await InferenceSession.create(writeModel(lowered));
const { mean, std } = preprocessing;
const area = input.height * input.width;
const pixels = (await loadImage(photo, preprocessing)).map((x, i) => {
  const channel = Math.floor(i / area);
  return (x - mean[channel]) / std[channel];
});
const { gradient } = await session.run({
  [input.name]: new Tensor('float32', pixels, shape),
  upstream: new Tensor(
    'float32',
    Float32Array.from({ length: dimension }, (_, i) => (i === 0 ? 1 : 0)),
    [1, dimension],
  ),
});
const norm = Math.hypot(...(gradient.data as Float32Array));
console.log(`the first feature changes by at most about ${norm.toPrecision(3)} a unit of the model's input`);
await session.release();
