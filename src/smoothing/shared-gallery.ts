/**
 * A gallery too large to be compared with as a whole: its vectors in memory that all threads share, and coordinates of few dimensions by which most
 * items are ruled out for a noisy embedding without looking at them (certificates §7).
 */
import { Tensor } from 'onnxruntime-node';
import { type GalleryView, MOST_NORM, squaredNorms } from '../certify/index.ts';
import { GraphBuilder } from '../onnx/index.ts';
import { InPlaceSession } from '../runtime/index.ts';
import { principalDirections } from './principal-directions.ts';

/** Items whose coordinates lie together, and are compared with a tile of embeddings in one product. */
export const BLOCK = 8192;
/** Coordinates of an item, at most. With the one along a query's mean 32: measured, fewer leave more items to be looked at, more cost more than they spare. */
const RANK = 31;
/** Items that the directions are made of. */
const SEEN = 2048;

/** A gallery in shared memory. */
export interface SharedGallery {
  /** [count × dimension], row by row. */
  vectors: Float32Array;
  /** [count] class of each item. */
  labels: Int32Array;
  dimension: number;
  count: number;
  head: Head;
}

/** The items in few coordinates: y_b ≈ Qb. Arrays of items are padded to whole blocks. */
export interface Head {
  /** Coordinates, r. */
  rank: number;
  /** Q, [r × dimension] float32, nearly orthonormal rows. */
  basis: Float32Array;
  /** [blocks × r × BLOCK] */
  coordinates: Float32Array;
  /** [items] ‖b‖² − ‖y_b‖² */
  rests: Float32Array;
  /** [items] −‖b‖²/2; {@link NOWHERE} in the padding. */
  bias: Float32Array;
}

/** The bias of what is never to be found: finite, so that no product with it is NaN. */
export const NOWHERE = -1e30;

/**
 * Makes a gallery's vectors shared (without a copy where they are) and gives it a head.
 */
export async function shareGallery(gallery: GalleryView): Promise<SharedGallery> {
  const { dimension, count } = gallery;
  const shared = <T extends Float32Array | Int32Array>(
    array: T,
    make: new (buffer: SharedArrayBuffer) => T,
  ): T => {
    if (array.buffer instanceof SharedArrayBuffer) return array;
    const copy = new make(new SharedArrayBuffer(array.byteLength));
    copy.set(array);
    return copy;
  };
  const vectors = shared(gallery.vectors, Float32Array);
  return {
    vectors,
    labels: shared(gallery.labelIndex, Int32Array),
    dimension,
    count,
    head: await headOf({ ...gallery, vectors }),
  };
}

async function headOf(gallery: GalleryView): Promise<Head> {
  const { vectors, dimension, count } = gallery;
  const rank = Math.min(RANK, dimension);
  const basis = principalDirections(someOf(gallery), dimension, rank);
  const padded = Math.ceil(count / BLOCK) * BLOCK;
  const coordinates = sharedFloats(rank * padded);
  const rests = sharedFloats(padded);
  const bias = sharedFloats(padded).fill(NOWHERE);
  const squares = squaredNorms(gallery);

  const g = new GraphBuilder({ name: 'coordinates' });
  const rows = g.input('rows', 'float32', [BLOCK, dimension]);
  const made = g.op('Gemm', [g.constant(basis, [rank, dimension]), rows], { transB: 1 });
  g.output('made', made, 'float32', [rank, BLOCK]);
  const session = await InPlaceSession.create(g.toModel(), { logSeverityLevel: 3 });
  // ONNX Runtime takes no shared memory
  const block = new Tensor('float32', new Float32Array(BLOCK * dimension), [BLOCK, dimension]);
  const out = new Tensor('float32', new Float32Array(rank * BLOCK), [rank, BLOCK]);
  const y = out.data as Float32Array;
  try {
    for (let first = 0; first < count; first += BLOCK) {
      const items = Math.min(BLOCK, count - first);
      (block.data as Float32Array).set(vectors.subarray(first * dimension, (first + items) * dimension));
      await session.run({ rows: block }, { made: out });
      coordinates.set(y, rank * first);
      for (let item = 0; item < items; item++) {
        let square = 0;
        for (let j = 0; j < rank; j++) square += y[j * BLOCK + item] * y[j * BLOCK + item];
        rests[first + item] = squares[first + item] - square;
        bias[first + item] = -squares[first + item] / 2;
      }
    }
  } finally {
    await session.release();
  }
  return { rank, basis, coordinates, rests, bias };
}

/** Items from all over the gallery. */
function someOf({ vectors, dimension, count }: GalleryView): Float32Array {
  const taken = Math.min(SEEN, count);
  const some = new Float32Array(taken * dimension);
  for (let i = 0; i < taken; i++) {
    const item = Math.floor((i * count) / taken);
    some.set(vectors.subarray(item * dimension, (item + 1) * dimension), i * dimension);
  }
  return some;
}

/** `length` float32 zeros that all threads share. */
export const sharedFloats = (length: number): Float32Array =>
  new Float32Array(new SharedArrayBuffer(4 * length));

/** Rounding of float32: 2⁻²⁴ of a value. */
const UNIT = 2 ** -24;

/**
 * How far the coordinates and the bounds made of them may be off.
 *
 * With any vectors y_h, y_b, and Q⁺ the basis with a query's direction, let ρ_h = h − Q⁺ᵀy_h and ρ_b alike. Then
 *
 *     ⟨h,b⟩ = ⟨y_h,y_b⟩ + y_hᵀ(Q⁺Q⁺ᵀ − I)y_b + ⟨y_h, Q⁺ρ_b⟩ + ⟨Q⁺ρ_h, y_b⟩ + ⟨ρ_h, ρ_b⟩.
 *
 * Let δ = ‖Q⁺Q⁺ᵀ − I‖, the loss of orthogonality, and η a bound of ‖y − Q⁺v‖ for h and b. Since Q⁺ρ = (Q⁺v − y) − (Q⁺Q⁺ᵀ − I)y, the second to fourth term
 * are at most (3δY + 2η)Y with Y ≥ ‖y_h‖, ‖y_b‖; and the last is at most ‖ρ_h‖‖ρ_b‖ (Cauchy–Schwarz), with
 *
 *     ‖ρ_b‖² = ‖b‖² − 2⟨Q⁺b, y_b⟩ + y_bᵀQ⁺Q⁺ᵀy_b ≤ ‖b‖² − ‖y_b‖² + 2ηY + δY².
 *
 * η: the r coordinates are float32 products of k terms, each off by at most γ_k·‖q‖‖b‖ (Higham 2002, §3.1), the one along the direction is rounded to float32. Y ≤ ‖Q⁺‖·‖v‖ + η.
 */
export interface HeadErrors {
  /** What is added to ‖b‖² − ‖y_b‖², with its rounding to float32. */
  tail: number;
  /** How far ⟨y_h,y_b⟩ + ‖ρ_h‖‖ρ_b‖ − ‖b‖²/2, computed in float32, may lie below ⟨h,b⟩ − ‖b‖²/2. */
  score: number;
}

/** The {@link HeadErrors} of a basis of `rank` rows in all, δ of them. */
export function headErrors(dimension: number, rank: number, loss: number): HeadErrors {
  const gamma = (dimension * UNIT) / (1 - dimension * UNIT);
  const length = Math.sqrt(1 + loss);
  const eta = Math.sqrt(rank) * gamma * length * MOST_NORM + 2 * UNIT;
  const most = length * MOST_NORM + eta;
  // the product of rank + 1 terms, its rows rounded to float32, and the sum with −‖b‖²/2
  const products = (rank + 8) * UNIT * (most * most + 2 * MOST_NORM ** 2) * 1.01;
  return {
    tail: 2 * eta * most + loss * most * most + 4 * UNIT,
    score: (3 * loss * most + 2 * eta) * most + products,
  };
}

/** ‖QQᵀ − I‖ in the Frobenius norm, of rows of float32. */
export function lossOfOrthogonality(basis: Float32Array, dimension: number): number {
  const rank = basis.length / dimension;
  let sum = 0;
  for (let i = 0; i < rank; i++)
    for (let j = 0; j < rank; j++) {
      let product = i === j ? -1 : 0;
      for (let d = 0; d < dimension; d++) product += basis[i * dimension + d] * basis[j * dimension + d];
      sum += product * product;
    }
  return Math.sqrt(sum) + 1e-12;
}
