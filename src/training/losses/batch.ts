/** A batch of embeddings inside a graph, with the matrices over its pairs that losses and miners share. */
import { RetrievalGuardError } from '../../errors.ts';
import type { GraphBuilder, Value } from '../../onnx/index.ts';
import { atLeast, gatherRows, toFloat } from './arithmetic.ts';

/** Smallest squared distance that {@link EmbeddingBatch.distances} sees: √ has no finite gradient at 0. */
export const SMALLEST_SQUARED_DISTANCE = 1e-6;

/** Options of {@link EmbeddingBatch}. */
export interface EmbeddingBatchOptions {
  /** float32 [B, dimension], each row of length 1. */
  embeddings: Value;
  /** int64 [B], the class of each row; from 0 to `classes` − 1. */
  labels: Value;
  /** B, at least 2. */
  size: number;
  dimension: number;
  /** Triplets per anchor: m − 1 for a batch with m images of each of its classes. From 1 to B − 1. */
  draws: number;
  /** Classes of the whole training set. */
  classes: number;
}

/**
 * B embeddings and their labels. The matrices are [B, B] and made once, when first asked for; row a belongs to the
 * anchor a. The graph's opset must be 13 or later.
 */
export class EmbeddingBatch {
  readonly g: GraphBuilder;
  readonly embeddings: Value;
  readonly labels: Value;
  readonly size: number;
  readonly dimension: number;
  readonly draws: number;
  readonly classes: number;
  readonly #made = new Map<string, Value>();

  /** @throws RetrievalGuardError OPTION_INVALID for impossible sizes or an older opset */
  constructor(g: GraphBuilder, options: EmbeddingBatchOptions) {
    this.g = g;
    this.embeddings = options.embeddings;
    this.labels = options.labels;
    this.size = whole('size', options.size, 2);
    this.dimension = whole('dimension', options.dimension, 2);
    this.draws = whole('draws', options.draws, 1, this.size - 1);
    this.classes = whole('classes', options.classes, 1);
    whole("the graph's opset", g.opset, 13);
  }

  /** Cosines, float32. */
  similarities(): Value {
    return this.#once('similarities', (g) =>
      g.op('MatMul', [this.embeddings, g.op('Transpose', [this.embeddings], { perm: [1, 0] })]),
    );
  }

  /** ‖x − y‖² = 2 − 2 x·y, float32. Rounding can leave it a little below 0 for equal rows. */
  squaredDistances(): Value {
    return this.#once('squared', (g) =>
      g.op('Sub', [g.float32(2), g.op('Mul', [this.similarities(), g.float32(2)])]),
    );
  }

  /** Euclidean distances, float32, at least √{@link SMALLEST_SQUARED_DISTANCE} = 0.001: their gradient is finite. */
  distances(): Value {
    return this.#once('distances', (g) =>
      g.op('Sqrt', [atLeast(g, this.squaredDistances(), SMALLEST_SQUARED_DISTANCE)]),
    );
  }

  /** Whether two images have one class, bool; true on the diagonal. */
  same(): Value {
    return this.#once('same', (g) => {
      const column = g.op('Reshape', [this.labels, g.int64([this.size, 1])]);
      const row = g.op('Reshape', [this.labels, g.int64([1, this.size])]);
      return g.op('Equal', [column, row]);
    });
  }

  /** Whether two different images have one class, bool. */
  positives(): Value {
    return this.#once('positives', (g) => {
      const { size } = this;
      const offDiagonal = Uint8Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 0 : 1));
      return g.op('And', [this.same(), g.constant(offDiagonal, [size, size], { type: 'bool' })]);
    });
  }

  /** Whether two images have different classes, bool. */
  negatives(): Value {
    return this.#once('negatives', (g) => g.op('Not', [this.same()]));
  }

  /**
   * The positives that take part, `draws` slots per anchor: the next images of its class in the batch's order, going
   * round. So where a class has more than draws + 1 images, each of them is a positive equally often; where it has
   * fewer, slots are left over.
   */
  positiveSlots(): { /** int64 [B, draws] */ places: Value /** float32 [B, draws], 0 or 1 */; valid: Value } {
    const { g, size, draws } = this;
    const places = this.#once('places', () => {
      // B for the next image, down to 1 for the anchor itself: the diagonal is no positive, so 0 in the product.
      const nearness = Float32Array.from({ length: size * size }, (_, i) => {
        const ahead = ((i % size) - Math.floor(i / size) + size) % size;
        return size - ahead;
      });
      const ranked = g.op('Mul', [toFloat(g, this.positives()), g.constant(nearness, [size, size])]);
      return g.ops('TopK', [ranked, g.int64([draws])], { axis: 1 }, { outputs: 2 })[1];
    });
    const valid = this.#once('valid', () => gatherRows(g, toFloat(g, this.positives()), places));
    return { places, valid };
  }

  #once(name: string, make: (g: GraphBuilder) => Value): Value {
    const value = this.#made.get(name) ?? make(this.g);
    this.#made.set(name, value);
    return value;
  }
}

function whole(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `${name} a whole number ${range}`,
    got: `${name} = ${value}`,
  });
}
