/** What a gradient rule sees: one node of the graph, with everything known about its values. */
import { RetrievalGuardError } from '../errors.ts';
import {
  type Attributes,
  type ElementType,
  type GraphBuilder,
  type makeAttribute,
  type NodeProto,
  type Value,
} from '../onnx/index.ts';
import type { TensorInfo } from './measure.ts';
import { reshape } from './shaping.ts';

/** A value of the forward graph. */
export interface Known extends TensorInfo {
  /** The handle that nodes of the gradient take. */
  readonly value: Value;
}

/** The gradient with respect to one input, of its shape, or what makes it once it is asked for; `null` where it has none. */
export type InputGradient = Value | null | (() => Value | null);

/**
 * The gradient rule of an operator: from the gradients of a loss with respect to the node's outputs (`null` where the loss
 * does not depend on one) to those with respect to its inputs, in order.
 */
export type Rule = (site: Site, upstream: readonly (Value | null)[]) => readonly InputGradient[];

/** A rule for an operator with one output. */
export function rule(gradients: (site: Site, dy: Value) => readonly InputGradient[]): Rule {
  return (site, [dy]) => (dy ? gradients(site, dy) : []);
}

/** An axis that may count from the end. */
export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** A node that is being differentiated. */
export class Site {
  readonly g: GraphBuilder;
  readonly node: NodeProto;
  /** Inputs in the node's order; `null` where an optional one is left out. */
  readonly inputs: readonly (Known | null)[];
  /** Outputs in the node's order; `null` where an optional one is left out. */
  readonly outputs: readonly (Known | null)[];
  /** Which inputs' gradients are wanted. */
  readonly needs: readonly boolean[];
  readonly opset: number;

  constructor(parts: {
    g: GraphBuilder;
    node: NodeProto;
    inputs: readonly (Known | null)[];
    outputs: readonly (Known | null)[];
    needs: readonly boolean[];
  }) {
    this.g = parts.g;
    this.node = parts.node;
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
    this.needs = parts.needs;
    this.opset = parts.g.opset;
  }

  /** Input `i`, which the operator demands. */
  input(i: number): Known {
    return this.inputs[i] ?? this.fail(`an input ${i}`, 'none');
  }

  /** Output `i`, which the operator always gives. */
  output(i: number): Known {
    return this.outputs[i] ?? this.fail(`an output ${i}`, 'none');
  }

  /** An integer attribute. */
  int(name: string, otherwise: number): number {
    return Number(this.#attribute(name)?.i ?? otherwise);
  }

  /** A list of integers, or `undefined` where it is left out. */
  ints(name: string): number[] | undefined {
    return this.#attribute(name)?.ints.map(Number);
  }

  /** A float attribute. */
  float(name: string, otherwise: number): number {
    return this.#attribute(name)?.f ?? otherwise;
  }

  /** A string attribute. */
  string(name: string, otherwise: string): string {
    const attribute = this.#attribute(name);
    return attribute ? new TextDecoder().decode(attribute.s) : otherwise;
  }

  /** The one value of float input `i` where that is a constant scalar. */
  constant(i: number): number | undefined {
    const { shape, floats } = this.input(i);
    return shape.every((size) => size === 1) ? floats?.[0] : undefined;
  }

  /** The values of integer input `i`, which have to be constants; `undefined` where it is left out. */
  integers(i: number): readonly number[] | undefined {
    const known = this.inputs[i];
    if (!known) return undefined;
    return (
      known.integers ??
      this.fail(`constant values in input ${i} ('${known.name}')`, 'values that depend on what is fed')
    );
  }

  /** Attribute `axis` as an axis of the first input, not negative. */
  axis(otherwise = 0): number {
    return axisOf(this.int('axis', otherwise), this.input(0).shape.length);
  }

  /** Axes of the first input from attribute `axes` or, in later operator sets, from input `i`; not negative, `undefined` where left out. */
  axes(i = 1): number[] | undefined {
    const axes = this.ints('axes') ?? this.integers(i);
    return axes?.map((axis) => axisOf(axis, this.input(0).shape.length));
  }

  // Nodes that rules use all the time.

  /** A node of the standard operator set with one output. */
  op(type: string, inputs: readonly (Value | null)[], attributes: Attributes = {}): Value {
    return this.g.op(type, inputs, attributes);
  }

  /** A scalar of a float type, to broadcast against a tensor of that type. */
  scalar(value: number, type: ElementType): Value {
    if (type === 'float64') return this.g.constant(Float64Array.of(value), []);
    if (type === 'float32') return this.g.float32(value);
    throw new RetrievalGuardError('GRADIENT_UNSUPPORTED', {
      expected: 'a graph that computes in float32',
      got: type,
      fix: 'Export the model in float32 to differentiate it.',
    });
  }

  /** `value` in another shape of the same size. */
  reshape(value: Value, shape: readonly number[]): Value {
    return reshape(this.g, value, shape);
  }

  /** `value` repeated along axes of size 1. */
  expand(value: Value, shape: readonly number[]): Value {
    return this.g.op('Expand', [value, this.g.int64([...shape])]);
  }

  /** Zeros. */
  zeros(shape: readonly number[], type: ElementType): Value {
    return this.expand(this.scalar(0, type), shape);
  }

  /** The sum over `axes`; a reduction whatever the version of the operator set. */
  sum(value: Value, axes: readonly number[], keepdims = true): Value {
    return reduce(this.g, 'ReduceSum', value, axes, keepdims);
  }

  /** The sum of a gradient over all axes but that of the channels: [C]. */
  perChannel(value: Value): Value {
    const axes = this.output(0).shape.map((_, axis) => axis);
    return this.sum(
      value,
      axes.filter((axis) => axis !== 1),
      false,
    );
  }

  /** A gradient of the first output's shape summed over the axes along which input `i` was broadcast to it. */
  toInput(value: Value, i: number): Value {
    return this.sumTo(value, this.output(0).shape, this.input(i).shape);
  }

  /** Undoes broadcasting: sums a gradient of shape `from` down to the shape `to`, which was broadcast to `from`. */
  sumTo(value: Value, from: readonly number[], to: readonly number[]): Value {
    if (from.length === to.length && from.every((size, i) => size === to[i])) return value;
    const lead = from.length - to.length;
    const axes = from.flatMap((size, i) => (i < lead || (to[i - lead] === 1 && size !== 1) ? [i] : []));
    const summed = axes.length > 0 ? this.sum(value, axes) : value;
    return lead > 0 ? this.reshape(summed, to) : summed;
  }

  /**
   * Throws: this node cannot be differentiated.
   *
   * @throws RetrievalGuardError GRADIENT_UNSUPPORTED
   */
  fail(expected: string, got: string): never {
    throw new RetrievalGuardError('GRADIENT_UNSUPPORTED', {
      expected: `${expected} at node '${this.node.name}' (${this.node.opType})`,
      got,
      fix: 'This use of the operator has no gradient rule; export the model without it, or freeze the network up to that node.',
    });
  }

  #attribute(name: string): ReturnType<typeof makeAttribute> | undefined {
    return this.node.attribute.find((attribute) => attribute.name === name);
  }
}

/** A reduction, whatever the version of the operator set: the axes moved from an attribute to an input at 13 (sum) or 18. */
export function reduce(
  g: GraphBuilder,
  op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceL2' | 'ReduceProd',
  value: Value,
  axes: readonly number[],
  keepdims = true,
): Value {
  const asInput = g.opset >= (op === 'ReduceSum' ? 13 : 18);
  const keep = keepdims ? 1 : 0;
  return asInput
    ? g.op(op, [value, g.int64([...axes])], { keepdims: keep })
    : g.op(op, [value], { axes: [...axes], keepdims: keep });
}
