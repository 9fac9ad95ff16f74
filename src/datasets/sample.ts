/** Draws part of a dataset: a seeded shuffle, so that the same seed gives the same images on every machine. */
import { RetrievalGuardError } from '../errors.ts';

/** How much of a dataset to take. */
export interface SampleOptions {
  /** At most so many items in all. */
  limit?: number;
  /** At most so many items of each class. */
  perClass?: number;
  /** Any safe integer; default 0. */
  seed?: number;
}

/**
 * A generator of 32-bit integers: the counter of SplitMix (Steele, Lea and Flood 2014), in steps of 2³²/φ, through the
 * 32-bit mixer with multipliers 0x21f0aaad and 0xd35a2d97 of C. Wellons' hash-prospector. For drawing samples only:
 * nothing that is certified rests on it.
 */
export function splitmix32(seed: number): () => number {
  const high = Math.floor(seed / 2 ** 32);
  let state = (seed ^ Math.imul(high, 0x9e3779b1)) | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0xd35a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

/** The numbers 0 … n − 1 in a seeded random order (Fisher–Yates). */
export function shuffledIndices(n: number, seed: number): Uint32Array {
  const next = splitmix32(seed);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor((next() / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * At most `perClass` items of each class and at most `limit` in all, in the order they came in. The items are walked in
 * one shuffled order and taken while there is room, so the sample is spread over the classes, and with the same seed a
 * smaller limit gives a subset of a larger one.
 */
export function drawSample<T extends { readonly label: string }>(
  items: readonly T[],
  options: SampleOptions,
): T[] {
  const { limit, perClass, seed = 0 } = options;
  requireCount('limit', limit);
  requireCount('perClass', perClass);
  if (!Number.isSafeInteger(seed)) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'seed: a whole number',
      got: `seed = ${seed}`,
    });
  }
  if (limit === undefined && perClass === undefined) return [...items];
  const taken: number[] = [];
  const perLabel = new Map<string, number>();
  for (const index of shuffledIndices(items.length, seed)) {
    if (taken.length >= (limit ?? Infinity)) break;
    const { label } = items[index];
    const count = perLabel.get(label) ?? 0;
    if (count >= (perClass ?? Infinity)) continue;
    perLabel.set(label, count + 1);
    taken.push(index);
  }
  return taken.sort((a, b) => a - b).map((index) => items[index]);
}

function requireCount(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `${name}: a whole number ≥ 1`,
    got: `${name} = ${value}`,
    fix: 'Leave it out to take all images.',
  });
}
