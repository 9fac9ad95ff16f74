/** Whether the blocked operators do what is expected of them here, tried on a small network. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { addGradients } from '../../autodiff/gradients.ts';
import { expandComposites } from '../../autodiff/lower.ts';
import { measureGraph } from '../../autodiff/measure.ts';
import {
  conv,
  GraphBuilder,
  type ModelProto,
  relu,
  sizeOf,
  type Value,
  writeModel,
} from '../../onnx/index.ts';
import { COMPOSITE_DOMAIN } from '../../autodiff/composites/composite.ts';
import { blockChannels } from './block-channels.ts';
import { lowerToBlocks } from './lower-to-blocks.ts';

/** Largest difference as a share of a tensor's largest value; float32 sums of another order stay well below. */
const TOLERANCE = 1e-4;

let found: Promise<number | null> | undefined;

/**
 * The number of channels in a block (8 or 16), or null where the blocked operators are missing, do something else than
 * expected, or disagree with the portable graph on a small network. Found out once per process.
 */
export function blockSize(): Promise<number | null> {
  found ??= blockChannels().then(async (block) =>
    block !== null && (await passesTrial(block)) ? block : null,
  );
  return found;
}

/**
 * Runs the gradients of a network with every kind of convolution, portable and lowered. False where they differ or the
 * lowered one does not run.
 */
async function passesTrial(block: number): Promise<boolean> {
  try {
    const model = await trialGraph(block);
    const feeds = Object.fromEntries(
      (model.graph?.input ?? []).map((input, i) => {
        const declared = input.type?.value.case === 'tensorType' ? input.type.value.value.shape : undefined;
        const shape = (declared?.dim ?? []).map(({ value }) => Number(value.value));
        // waves of different lengths stand in for random numbers
        const data = Float32Array.from({ length: sizeOf(shape) }, (_, k) => Math.sin((i + 1.3) * k) / 3);
        return [input.name, new Tensor('float32', data, shape)];
      }),
    );
    const expected = await run(expandComposites(model), feeds);
    const got = await run(await lowerToBlocks(block, model), feeds);
    return Object.entries(expected).every(([name, values]) => agree(values, got[name]));
  } catch {
    return false;
  }
}

async function trialGraph(block: number): Promise<ModelProto> {
  const g = new GraphBuilder({ name: 'trial' });
  const c = 2 * block;
  const wrt: string[] = [];
  const weight = (name: string, shape: number[]): Value => {
    wrt.push(name);
    return g.input(name, 'float32', shape);
  };
  const image = weight('image', [2, 3, 12, 12]);
  const padded = { pads: [1, 1, 1, 1] };
  const first = relu(g, conv(g, image, weight('first', [c, 3, 3, 3]), { ...padded, strides: [2, 2] }));
  const depthwise = conv(g, first, weight('depthwise', [c, 1, 3, 3]), { ...padded, group: c });
  const strided = conv(g, depthwise, weight('strided', [c, c, 3, 3]), { ...padded, strides: [2, 2] });
  const branch = conv(g, relu(g, strided), weight('pointwise', [c, c, 1, 1]));
  const sum = relu(g, g.op('Add', [branch, conv(g, strided, weight('dense', [c, c, 3, 3]), padded)]));
  const pooled = g.op('MaxPool', [sum], { kernel_shape: [2, 2] });
  g.output('loss', g.op('ReduceSum', [g.op('Mul', [pooled, pooled])], { keepdims: 0 }), 'float32', []);
  const measured = await measureGraph(g.toModel());
  const extended = GraphBuilder.extending(measured.model, { domains: { [COMPOSITE_DOMAIN]: 1 } });
  const one = extended.constant(Float32Array.of(1), []);
  for (const [name, gradient] of addGradients(extended, measured, { upstream: { loss: one }, wrt })) {
    extended.output(`gradient of ${name}`, gradient, 'float32', measured.tensors.get(name)!.shape);
  }
  return extended.toModel();
}

async function run(model: ModelProto, feeds: Record<string, Tensor>): Promise<Record<string, Float32Array>> {
  const session = await InferenceSession.create(writeModel(model), {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  try {
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]),
    );
  } finally {
    await session.release();
  }
}

function agree(expected: Float32Array, got: Float32Array | undefined): boolean {
  if (got?.length !== expected.length) return false;
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest > 0 && expected.every((value, i) => Math.abs(value - got[i]) <= TOLERANCE * largest);
}
