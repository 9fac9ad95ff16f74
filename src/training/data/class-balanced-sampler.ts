/**
 * Batches of `classes` distinct classes with `perClass` pictures each, so that every picture is seen in every epoch.
 *
 * An epoch. The shuffled pictures of each class are cut into groups of `perClass`; the last group of a class is filled
 * up from the class's own beginning, so a picture occurs twice in a group only where the class has fewer than
 * `perClass`. The groups are then dealt to the batches like cards: the batches in a random order, a group each, again
 * and again, each time in a new random order, and no batch twice for one class. So the groups of a class meet other
 * classes each time, and all batches have equally many groups, one more or less. Where room is left, classes drawn at
 * random give one more group.
 */
import { RetrievalGuardError } from '../../errors.ts';
import type { NoiseKey } from '../../noise/index.ts';
import { checkStep, LARGEST_BATCH, RandomStream, requireWhole, trainingKey } from './random.ts';
import type { BatchShape } from './types.ts';
import { count } from '../../words.ts';

/** Options of {@link ClassBalancedSampler}. */
export interface SamplerOptions extends BatchShape {
  /** A safe integer ≥ 0. */
  readonly seed: number;
}

/** Which pictures the batch of a step has: a function of the labels, the seed and the step alone. */
export class ClassBalancedSampler {
  /** Steps that make an epoch: as few as show every picture once, one group of a class a batch. */
  readonly stepsPerEpoch: number;
  readonly #shape: BatchShape;
  readonly #key: NoiseKey;
  /** The pictures of each class that has any. */
  readonly #members: readonly (readonly number[])[];
  #epoch = -1;
  #batches: Int32Array[] = [];

  /**
   * @param labels the class of each picture, any integers
   * @throws RetrievalGuardError OPTION_INVALID for counts that are no integers ≥ 1, a batch of more than 65,536, fewer classes
   * in the labels than in a batch, or a bad seed
   */
  constructor(labels: ArrayLike<number>, options: SamplerOptions) {
    const { classes, perClass, seed } = options;
    const byClass = new Map<number, number[]>();
    for (let i = 0; i < labels.length; i++) {
      const members = byClass.get(labels[i]);
      if (members) members.push(i);
      else byClass.set(labels[i], [i]);
    }
    this.#members = [...byClass.entries()].sort(([a], [b]) => a - b).map(([, members]) => members);
    this.#shape = { classes, perClass };
    this.#key = trainingKey(seed, 'sampler');
    checkShape(this.#shape, this.#members.length);
    const groups = this.#members.map((members) => Math.ceil(members.length / perClass));
    const total = groups.reduce((a, b) => a + b, 0);
    this.stepsPerEpoch = groups.reduce((a, b) => Math.max(a, b), Math.ceil(total / classes));
  }

  /** Positions in `labels` of the pictures of a step's batch, class by class: classes · perClass of them. */
  batch(step: number): Int32Array {
    checkStep(step);
    const epoch = Math.floor(step / this.stepsPerEpoch);
    if (epoch !== this.#epoch) {
      this.#batches = this.#deal(new RandomStream(this.#key, epoch));
      this.#epoch = epoch;
    }
    return this.#batches[step % this.stepsPerEpoch].slice();
  }

  #deal(random: RandomStream): Int32Array[] {
    const { classes, perClass } = this.#shape;
    const batches = Array.from({ length: this.stepsPerEpoch }, () => new Map<number, Int32Array>());
    const order = random.shuffle(Int32Array.from(this.#members.keys()));
    const decks = this.#members.map((members) => random.shuffle(Int32Array.from(members)));
    let open: number[] = [];
    for (const c of order) {
      for (let first = 0; first < decks[c].length; first += perClass) {
        if (open.length === 0) open = random.shuffle([...batches.keys()]);
        // after a new shuffle a batch may have the class already; as a class has no more groups than there are batches, one has not
        const at = open.findLastIndex((index) => !batches[index].has(c));
        const [index] = open.splice(at, 1);
        batches[index].set(c, group(decks[c], first, perClass));
      }
    }
    // room that is left: the classes in a new order, round and round
    random.shuffle(order);
    let next = 0;
    for (const batch of batches) {
      while (batch.size < classes) {
        const c = order[next++ % order.length];
        if (!batch.has(c)) batch.set(c, group(random.shuffle(decks[c]), 0, perClass));
      }
    }
    return batches.map((batch) => {
      const pictures = new Int32Array(classes * perClass);
      [...batch.values()].forEach((members, i) => pictures.set(members, i * perClass));
      return pictures;
    });
  }
}

/** `count` cards of a deck from `first`, going on at its beginning after the last. */
function group(deck: Int32Array, first: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => deck[(first + i) % deck.length]);
}

function checkShape({ classes, perClass }: BatchShape, available: number): void {
  requireWhole('classes', classes, 1);
  requireWhole('perClass', perClass, 1);
  if (classes * perClass > LARGEST_BATCH) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `a batch of at most ${LARGEST_BATCH} pictures`,
      got: `${count(classes, 'class', 'classes')} of ${perClass}`,
    });
  }
  if (classes > available) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `at least ${count(classes, 'class', 'classes')} with pictures, as a batch has ${classes}`,
      got: `${available}`,
      fix: 'Use fewer classes a batch with more pictures of each, or more data.',
    });
  }
}
