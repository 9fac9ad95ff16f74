/**
 * Scalars with as many axes as the tensor they meet: ONNX Runtime's CPU provider takes 25 times as long for a scalar against
 * [M, C, 1, 1] when it has no axes.
 */
import type { GraphBuilder, Value } from '../onnx/index.ts';

/** The shape [1, 1, …]. */
const ones = (rank: number): number[] => Array.from({ length: rank }, () => 1);

/** A float32 constant to multiply with or add to a tensor of that rank. */
export const constantOfRank = (g: GraphBuilder, value: number, rank: number): Value =>
  g.constant(Float32Array.of(value), ones(rank));

/** A scalar of the graph in that form. */
export const scalarOfRank = (g: GraphBuilder, scalar: Value, rank: number): Value =>
  rank === 0 ? scalar : g.op('Reshape', [scalar, g.int64(ones(rank))]);
