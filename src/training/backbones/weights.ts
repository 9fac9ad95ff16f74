/** Initial weights: normal deviates that depend on the seed and the parameter's name alone. */
import { KernelMemory } from '../../kernel/index.ts';
import { noiseKey } from '../../noise/index.ts';
import { NoiseKernel } from '../../noise/noise-kernel.ts';
import { type GraphBuilder, sizeOf, type Value } from '../../onnx/index.ts';

/** Makes the parameters of one network, as named initializers of its graph. */
export class Weights {
  readonly #g: GraphBuilder;
  readonly #seed: number;
  readonly #noise = new NoiseKernel(KernelMemory.createSync());

  /** @param seed - an integer ≥ 0 */
  constructor(g: GraphBuilder, seed: number) {
    this.#g = g;
    this.#seed = seed;
  }

  /** Independent N(0, deviation²), float32. A layer that is added elsewhere in the network does not change them. */
  normal(name: string, shape: readonly number[], deviation: number): Value {
    const dimension = sizeOf(shape);
    const key = noiseKey({ seed: this.#seed, query: name, phase: 'weights' });
    const { memory } = this.#noise;
    memory.reset();
    const out = memory.allocate(4 * dimension);
    this.#noise.gaussian({ key, firstSample: 0, count: 1, dimension, out });
    const values = memory.f32(out, dimension).slice();
    for (let i = 0; i < dimension; i++) values[i] *= deviation;
    return this.#g.constant(values, shape, { name });
  }

  /**
   * The He normal initialisation of [outputs, inputs, …kernel], deviation √(2 / fan in): behind it, ReLU leaves the
   * second moment of the activations as it was (He, Zhang, Ren, Sun 2015, "Delving deep into rectifiers").
   */
  he(name: string, shape: readonly number[]): Value {
    return this.normal(name, shape, Math.sqrt(2 / sizeOf(shape.slice(1))));
  }

  /** All elements `value`. */
  filled(name: string, shape: readonly number[], value: number): Value {
    return this.#g.constant(new Float32Array(sizeOf(shape)).fill(value), shape, { name });
  }
}
