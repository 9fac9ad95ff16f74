/** The shared gradient check: every rule against central differences of the forward graph. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { addGradients } from '../gradients.ts';
import { expandComposites } from '../lower.ts';
import { measureGraph } from '../measure.ts';
import {
  GraphBuilder,
  type ModelProto,
  readModel,
  sizeOf,
  type Value,
  writeModel,
} from '../../onnx/index.ts';

/** A tensor that is fed. */
export interface Fed {
  shape: readonly number[];
  data: Float32Array | Float64Array | BigInt64Array | Uint8Array | Int32Array;
}

/** A small graph to differentiate. */
export interface Case {
  /** Inputs by name; those in float are differentiated unless `wrt` says which. */
  feeds: Record<string, Fed>;
  /** Adds the nodes; returns the value whose weighted sum is the loss. */
  build: (g: GraphBuilder, inputs: Record<string, Value>) => Value;
  wrt?: readonly string[];
  opset?: number;
  domains?: Record<string, number>;
  /** Whether to compute the numeric gradients. Default true. */
  numeric?: boolean;
  /**
   * Compare derivatives along this many random directions through each input instead of every partial derivative: fewer runs
   * and a larger signal, for whole networks.
   */
  directions?: number;
  /** Step of the central difference. Default 1e-2 in float32, 1e-5 in float64. */
  step?: number;
}

/** Analytic and numeric gradients by input name, each flat in the input's order; or one number for each direction. */
export interface Checked {
  analytic: Record<string, Float64Array>;
  numeric: Record<string, Float64Array>;
}

/** A stream of numbers in (−1, 1) that is the same on every run. */
export function numbers(count: number, seed = 1): Float32Array {
  let state = (seed * 2_654_435_761) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 31 - 1) * 0.98;
  });
}

/** A fed float32 tensor of such numbers. */
export const floats32 = (shape: readonly number[], seed = 1): Fed => ({
  shape,
  data: numbers(sizeOf(shape), seed),
});

/** The same in float64, for operators that ONNX Runtime has in it: differences are exact to 1e-9 there. */
export const floats64 = (shape: readonly number[], seed = 1): Fed => ({
  shape,
  data: Float64Array.from(numbers(sizeOf(shape), seed)),
});

/**
 * The gradient of Σ w·y, w fixed numbers, by the rules and by central differences.
 */
export async function gradientsOf(example: Case): Promise<Checked> {
  const { feeds, build, opset, domains = {} } = example;
  const g = new GraphBuilder({ name: 'case', opset, domains: { ...domains, retrievalguard: 1 } });
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data }]) => [name, g.input(name, typeOf(data), shape)]),
  );
  const y = build(g, inputs);
  g.output('y', y, 'float32');
  const forward = withoutOutputType(g);
  const measured = await measureGraph(forward);
  const info = measured.tensors.get('y')!;
  const weights = numbers(sizeOf(info.shape), 77);
  const upstream = info.type === 'float64' ? Float64Array.from(weights) : weights;

  const wrt =
    example.wrt ?? Object.keys(feeds).filter((name) => typeOf(feeds[name].data).startsWith('float'));
  const extended = GraphBuilder.extending(forward, { domains: { ...domains, retrievalguard: 1 } });
  const results = addGradients(extended, measured, {
    upstream: { y: extended.constant(upstream, info.shape) },
    wrt,
  });
  extended.clearOutputs();
  for (const [name, value] of results) {
    extended.output(
      `gradient of ${name}`,
      value,
      typeOf(feeds[name].data) as 'float32' | 'float64',
      feeds[name].shape,
    );
  }
  const gradient = await open(expandComposites(extended.toModel()));
  const plain = await open(forward);
  try {
    const computed = await gradient.run(tensors(feeds));
    const analytic: Record<string, Float64Array> = Object.fromEntries(
      wrt.map((name) => {
        const tensor = computed[`gradient of ${name}`];
        const data = tensor
          ? Float64Array.from(tensor.data as Float32Array)
          : new Float64Array(feeds[name].data.length);
        if (data.length !== feeds[name].data.length)
          throw new Error(`gradient of ${name} has ${data.length} values`);
        return [name, data];
      }),
    );
    const loss = async (): Promise<number> => {
      const { y: output } = await plain.run(tensors(feeds));
      const data = output.data as Float32Array | Float64Array;
      let sum = 0;
      for (let i = 0; i < data.length; i++) sum += weights[i] * data[i];
      return sum;
    };
    const numeric: Record<string, Float64Array> = {};
    for (const name of example.numeric === false ? [] : wrt) {
      const { data } = feeds[name];
      if (!(data instanceof Float32Array || data instanceof Float64Array)) continue;
      const step = example.step ?? (data instanceof Float64Array ? 1e-5 : 1e-2);
      if (example.directions !== undefined) {
        const directions = Array.from({ length: example.directions }, (_, k) =>
          numbers(data.length, 100 + k),
        );
        const gradientThere = analytic[name];
        analytic[name] = Float64Array.from(directions, (v) =>
          v.reduce((sum, move, i) => sum + move * gradientThere[i], 0),
        );
        numeric[name] = new Float64Array(directions.length);
        for (const [k, v] of directions.entries()) {
          // two steps, such that the third derivative cancels (Richardson)
          const [near, far] = [
            await derivative(loss, data, v, step),
            await derivative(loss, data, v, 2 * step),
          ];
          numeric[name][k] = (4 * near - far) / 3;
        }
        continue;
      }
      numeric[name] = new Float64Array(data.length);
      for (let i = 0; i < data.length; i++) {
        const at = data[i];
        data[i] = at + step;
        const above = data[i];
        const high = await loss();
        data[i] = at - step;
        const below = data[i];
        const low = await loss();
        data[i] = at;
        numeric[name][i] = (high - low) / (above - below);
      }
    }
    return { analytic, numeric };
  } finally {
    await gradient.release();
    await plain.release();
  }
}

/** The central difference along `direction`; `data` is as before in the end. */
async function derivative(
  loss: () => Promise<number>,
  data: Float32Array | Float64Array,
  direction: Float32Array,
  step: number,
): Promise<number> {
  const at = data.slice();
  const lossAt = (move: number) => {
    for (let i = 0; i < data.length; i++) data[i] = at[i] + move * direction[i];
    return loss();
  };
  const difference = (await lossAt(step)) - (await lossAt(-step));
  data.set(at);
  return difference / (2 * step);
}

/** The largest difference of two gradients, as a share of the largest absolute value (at least 1e-3). */
export function disagreement(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  let largest = 1e-3;
  for (let i = 0; i < b.length; i++) {
    worst = Math.max(worst, Number.isNaN(a[i]) ? Infinity : Math.abs(a[i] - b[i]));
    largest = Math.max(largest, Math.abs(b[i]));
  }
  return worst / largest;
}

const open = (model: ModelProto): Promise<InferenceSession> =>
  InferenceSession.create(writeModel(model), { intraOpNumThreads: 1, logSeverityLevel: 4 });

function typeOf(data: Fed['data']) {
  if (data instanceof Float32Array) return 'float32' as const;
  if (data instanceof Float64Array) return 'float64' as const;
  if (data instanceof BigInt64Array) return 'int64' as const;
  if (data instanceof Int32Array) return 'int32' as const;
  return 'bool' as const;
}

function tensors(feeds: Record<string, Fed>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data }]) => [
      name,
      new Tensor(typeOf(data), data as never, shape),
    ]),
  );
}

/** The output may be of either float type: leave it to ONNX Runtime. */
function withoutOutputType(g: GraphBuilder): ModelProto {
  const model = readModel(writeModel(g.toModel()));
  for (const output of model.graph!.output) output.type = undefined;
  return model;
}
