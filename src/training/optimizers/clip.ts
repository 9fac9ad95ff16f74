/** Gradient clipping by the global norm (Pascanu, Mikolov, Bengio 2013). */
import type { GraphBuilder, Value } from '../../onnx/index.ts';
import { scalarOfRank } from '../../runtime/index.ts';

/** What {@link clipByGlobalNorm} adds. */
export interface Clipped {
  /** The gradients, scaled; as they were when there is no limit. */
  gradients: Value[];
  /** ‖all gradients together‖₂ before clipping, float32 scalar. */
  norm: Value;
}

/** Keeps the quotient finite where all gradients vanish; PyTorch's value. */
const EPSILON = 1e-6;

/**
 * g ← g · min(1, limit / (‖g‖ + 1e-6)) over all gradients together.
 *
 * @param limit - > 0; left out, the norm is only measured
 * @param ranks - number of axes of each gradient
 */
export function clipByGlobalNorm(
  g: GraphBuilder,
  gradients: readonly Value[],
  limit?: number,
  ranks: readonly number[] = [],
): Clipped {
  const squares = gradients.map((gradient) => g.op('ReduceSumSquare', [gradient], { keepdims: 0 }));
  const norm = g.op('Sqrt', [squares.length === 1 ? squares[0] : g.op('Sum', squares)]);
  if (limit === undefined) return { gradients: [...gradients], norm };
  const quotient = g.op('Div', [g.float32(limit), g.op('Add', [norm, g.float32(EPSILON)])]);
  const scale = g.op('Min', [quotient, g.float32(1)]);
  const scaled = gradients.map((gradient, i) =>
    g.op('Mul', [gradient, scalarOfRank(g, scale, ranks[i] ?? 0)]),
  );
  return { gradients: scaled, norm };
}
