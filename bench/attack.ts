/**
 * The strength of the attack on the undefended encoder, beside the same attack in PyTorch. Run: npx tsx bench/attack.ts
 * [--model FOLDER] [--data SPEC] [--per-class N] [--radii LIST] [--steps N]
 *
 * The model is one of the conv4 backbone. Every picture is a query against all others; 'broken' are the queries whose nearest item is
 * of another class, those wrong from the start included. Prints Markdown.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EncoderGradient, pgd, untargeted, type Victim } from '../src/attack/index.ts';
import { openDataset } from '../src/datasets/index.ts';
import { readEncoderInfo } from '../src/encoder/index.ts';
import { loadImage } from '../src/image/index.ts';
import { readModel, readTensor } from '../src/onnx/index.ts';
import { CACHE, ROOT } from './build.ts';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: join(ROOT, 'bench/models/omniglot-conv4') },
    data: { type: 'string', default: `omniglot:${join(ROOT, 'demo/omniglot-unseen.zip')}` },
    'per-class': { type: 'string', default: '4' },
    radii: { type: 'string', default: '0.25,0.5,1,1.5,2' },
    steps: { type: 'string', default: '40' },
  },
});
const BATCH = 16;
const steps = Number(options.steps);
const radii = options.radii.split(',').map(Number);
const threads = availableParallelism();

const info = await readEncoderInfo(options.model, {});
const { items, labels } = await openDataset(options.data, { perClass: Number(options['per-class']) });
const pictures: Float32Array[] = [];
for (const item of items) pictures.push(await loadImage(await item.read(), info.preprocessing));
const encoder = await EncoderGradient.open(info, { batch: BATCH, threads });
const classOf = Int32Array.from(items, ({ label }) => labels.indexOf(label));
const vectors = new Float32Array(items.length * info.dimension);
for (let first = 0; first < items.length; first += BATCH) {
  const some = pictures.slice(first, first + BATCH);
  const images = Float32Array.from(some.flatMap((picture) => [...picture]));
  const { embeddings } = await encoder.run(images, new Float32Array(some.length * info.dimension));
  vectors.set(embeddings, first * info.dimension);
}
const gallery = { vectors, dimension: info.dimension, count: items.length, labelIndex: classOf };
const victims = pictures.map(
  (pixels, i): Victim => ({ id: items[i].id, pixels, goal: untargeted(gallery, classOf[i], i) }),
);

const ours = [];
for (const radius of radii) {
  const start = performance.now();
  const found = await pgd({ encoder, gallery }, victims, { radius, steps });
  ours.push({ broken: found.map(({ success }) => success), seconds: (performance.now() - start) / 1e3 });
}
await encoder.release();

const theirs = torchAttack();
const cell = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);
cell(['radius', 'Recall@1 under our PGD', "under PyTorch's", 'same verdict', 'seconds', 'PyTorch, seconds']);
cell(['---', '---', '---', '---', '---', '---']);
const percent = (some: number): string => `${((100 * some) / items.length).toFixed(1)}%`;
for (const [i, radius] of radii.entries()) {
  const { broken, seconds } = ours[i];
  const peer = theirs[i];
  const same = broken.filter((value, query) => value === (peer.broken[query] === 1)).length;
  cell([
    radius,
    percent(broken.filter((value) => !value).length),
    percent(peer.broken.filter((value) => value === 0).length),
    percent(same),
    seconds.toFixed(1),
    peer.seconds.toFixed(1),
  ]);
}
console.log(`\n${items.length} queries, ${steps} steps, batches of ${BATCH}, ${threads} threads.`);

/** Runs bench/torch_attack.py on the same weights and pictures. */
function torchAttack(): { broken: number[]; seconds: number }[] {
  const folder = join(CACHE, 'bench-attack');
  mkdirSync(folder, { recursive: true });
  const { graph } = readModel(readFileSync(info.modelPath));
  const tensors = new Map(graph?.initializer.map((tensor) => [tensor.name, readTensor(tensor)]));
  const layers = (graph?.node ?? []).filter(({ opType }) => opType === 'Conv' || opType === 'Gemm');
  const weights = layers.flatMap(({ input }) => input.slice(1).map((name) => tensors.get(name)!));
  if (weights.length !== 10)
    throw new Error(`${options.model} is no conv4: ${weights.length} weights and biases`);
  const floats = (arrays: readonly Float32Array[]): Buffer =>
    Buffer.concat(arrays.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)));
  const { channels, height, width } = info.input;
  writeFileSync(join(folder, 'weights.f32'), floats(weights.map(({ data }) => data as Float32Array)));
  writeFileSync(join(folder, 'images.f32'), floats(pictures));
  writeFileSync(join(folder, 'gallery.f32'), floats([vectors]));
  writeFileSync(join(folder, 'labels.i32'), Buffer.from(classOf.buffer));
  const task = {
    weights: weights.map(({ shape }) => shape),
    images: [items.length, channels, height, width],
    mean: info.preprocessing.mean[0],
    std: info.preprocessing.std[0],
    batch: BATCH,
    steps,
    radii,
    threads,
  };
  writeFileSync(join(folder, 'task.json'), JSON.stringify(task));
  const script = join(ROOT, 'bench/torch_attack.py');
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', [script, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`PyTorch (Debian's python3-torch) did not run: ${stderr}`);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as { broken: number[]; seconds: number });
}
