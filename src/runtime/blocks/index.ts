/** A graph for ONNX Runtime's CPU provider: activations stay in its blocked layout. */
import { expandComposites } from '../../autodiff/lower.ts';
import { foldConstants, type ModelProto } from '../../onnx/index.ts';
import { blockSize } from './block-size.ts';
import { lowerToBlocks } from './lower-to-blocks.ts';

/** Options of {@link lowerForCpu}. */
export interface LowerOptions {
  /** Shapes of inputs whose dimensions the file leaves open, by name. */
  shapes?: Readonly<Record<string, readonly number[]>>;
  /** The execution provider that will run the graph; any but 'cpu' gets the portable graph. Default 'cpu'. */
  provider?: string;
}

/**
 * Rewrites a finished graph (forward, gradients, optimiser) for the CPU: convolutions, pooling and what lies between them
 * compute in blocks of channels, composite operators become whatever is fastest there. Inputs and outputs keep names and
 * layout. What has no blocked form, by its operator or by its number of channels, gets its portable one; so does what depends on
 * open dimensions. What follows from weights that are constants, as other orders of theirs, is computed here, once.
 *
 * The blocked operators are internal to ONNX Runtime's CPU provider. Where they are missing, or give wrong results on a
 * small network that is tried once per process, the result is that of `expandComposites`.
 */
export async function lowerForCpu(model: ModelProto, options: LowerOptions = {}): Promise<ModelProto> {
  const { shapes, provider = 'cpu' } = options;
  const block = provider === 'cpu' ? await blockSize() : null;
  if (block === null) return expandComposites(model);
  try {
    return foldConstants(await lowerToBlocks(block, model, shapes));
  } catch {
    return expandComposites(model); // an optimisation only: a graph that it cannot take stays as it was
  }
}
