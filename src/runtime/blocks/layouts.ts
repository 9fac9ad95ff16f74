/**
 * Which values of a graph exist in which layout while it is rewritten.
 *
 * A *plain* value is as ONNX defines it, [N, C, H, W] in this order. A *blocked* value has its channels in blocks of b: memory
 * holds [N, C/b, H, W, b]. The operators of the domain `com.microsoft.nchwc` still call it [N, C, H, W]; to the standard ones it
 * is a tensor of five dimensions, which a Reshape makes of it without a copy.
 */
import {
  type Attributes,
  type AttributeValue,
  type GraphBuilder,
  type NodeProto,
  sizeOf,
  type Value,
} from '../../onnx/index.ts';
import { BLOCKED_DOMAIN } from './block-channels.ts';
import type { TensorInfo } from '../../autodiff/measure.ts';
import { reshape } from '../../autodiff/shaping.ts';

/** What a node that is not written yet can still take up: a value to add, then an activation. */
export interface Extras {
  /** A blocked value of the same shape. */
  sum?: Value;
  activation?: 'Relu' | 'Clip';
  activation_params?: AttributeValue;
}

/** What the mask of a clipping is made from. */
export interface ClipRange {
  /** The clipped value. */
  readonly y: string;
  readonly low: number;
  readonly high: number;
}

/** The values of one graph under rewriting. */
export class Layouts {
  readonly g: GraphBuilder;
  /** Channels in a block. */
  readonly block: number;
  /** Comparisons that stand for the mask of a clipping, by the name of their output. */
  readonly masks = new Map<string, ClipRange>();
  readonly #tensors: ReadonlyMap<string, TensorInfo>;
  /** Value → the nodes of the original graph that take it; an output of the graph counts as one more. */
  readonly #users: ReadonlyMap<string, readonly (NodeProto | null)[]>;
  readonly #shared = new Map<string, Value>();
  readonly #blocked = new Map<string, Value>();
  /** Values whose plain form does not exist yet. */
  readonly #unwritten = new Set<string>();
  /** Blocked values that are written when the first user comes. */
  readonly #postponed = new Map<string, () => Value>();
  /** The same, where the user may become part of them. */
  readonly #deferred = new Map<string, (extras: Extras) => Value>();

  constructor(
    g: GraphBuilder,
    block: number,
    tensors: ReadonlyMap<string, TensorInfo>,
    users: ReadonlyMap<string, readonly (NodeProto | null)[]>,
  ) {
    this.g = g;
    this.block = block;
    this.#tensors = tensors;
    this.#users = users;
  }

  /** What is known of a value of the original graph. */
  info(name: string): TensorInfo | undefined {
    return this.#tensors.get(name);
  }

  /** Whether a value of this shape can be blocked. */
  fits(shape: readonly number[]): boolean {
    return shape.length === 4 && shape[1] % this.block === 0 && sizeOf(shape) > 0;
  }

  /** Whether a value is at hand in blocks. */
  isBlocked(name: string): boolean {
    return this.#blocked.has(name) || this.#deferred.has(name) || this.#postponed.has(name);
  }

  /** All nodes that take a value; null stands for an output of the graph. */
  users(name: string): readonly (NodeProto | null)[] {
    return this.#users.get(name) ?? [];
  }

  /** Notes the blocked form of an output of the node that is being rewritten. */
  give(name: string, blocked: Value): void {
    this.#blocked.set(name, blocked);
    this.#unwritten.add(name);
  }

  /** The same for a node that is written only when it is needed, with what its user does first. */
  defer(name: string, write: (extras: Extras) => Value): void {
    this.#deferred.set(name, write);
    this.#unwritten.add(name);
  }

  /** The same for a node that cannot take up what its user does. */
  postpone(name: string, write: () => Value): void {
    this.#postponed.set(name, write);
    this.#unwritten.add(name);
  }

  /** Writes a deferred value with what its users do first; after this, nobody can ask for the value itself. */
  write(name: string, extras: Extras): Value {
    const write = this.#deferred.get(name)!;
    this.#deferred.delete(name);
    return write(extras);
  }

  /** Whether a value waits for its first user. */
  isDeferred(name: string): boolean {
    return this.#deferred.has(name);
  }

  /** Whether a deferred value is for one node alone, which can become part of it. */
  canAbsorb(name: string): boolean {
    const [user, ...others] = this.users(name);
    return this.isDeferred(name) && Boolean(user) && others.length === 0;
  }

  /** A value in blocks; reordered, once, where it is plain. */
  blocked(name: string): Value {
    const known = this.#blocked.get(name);
    if (known) return known;
    const write = this.#deferred.get(name) ?? this.#postponed.get(name);
    const value = write ? write({}) : this.reorderInput(this.g.value(name));
    this.#deferred.delete(name);
    this.#blocked.set(name, value);
    return value;
  }

  /** A value as ONNX defines it; reordered, once, where it is blocked. */
  plain(name: string): Value {
    this.ensurePlain(name);
    return this.g.value(name);
  }

  /** Makes sure that the plain form of a value exists; other names are left alone. */
  ensurePlain(name: string): void {
    if (!this.#unwritten.has(name)) return;
    const blocked = this.blocked(name);
    this.#unwritten.delete(name);
    this.reorderOutput(blocked, this.info(name)!.shape[1], name);
  }

  /** A constant that several nodes use. */
  shared(key: string, make: () => Value): Value {
    const value = this.#shared.get(key) ?? make();
    this.#shared.set(key, value);
    return value;
  }

  // Nodes that lowerings use all the time.

  /** A blocked operator. */
  op(type: string, inputs: readonly (Value | null)[], attributes: Attributes = {}, name?: string): Value {
    return this.g.op(type, inputs, attributes, { domain: BLOCKED_DOMAIN, name });
  }

  /** [N, C, H, W] plain → blocked. */
  reorderInput(value: Value): Value {
    return this.op('ReorderInput', [value], { channels_last: 0 });
  }

  /** [N, C, H, W] blocked → plain. */
  reorderOutput(value: Value, channels: number, name?: string): Value {
    return this.op('ReorderOutput', [value], { channels, channels_last: 0 }, name);
  }

  /** A blocked value as standard operators see it: [N, C/b, H, W, b]. */
  open(value: Value, [n, c, h, w]: readonly number[]): Value {
    return reshape(this.g, value, [n, c / this.block, h, w, this.block]);
  }

  /** Back to how blocked operators see it: [N, C, H, W]. */
  close(value: Value, shape: readonly number[]): Value {
    return reshape(this.g, value, shape);
  }
}
