/** Optimisers as graph snippets. */
import { adam, type AdamOptions } from './adam.ts';
import type { Optimizer } from './optimizer.ts';
import { sgd, type SgdOptions } from './sgd.ts';

export { adam, type AdamOptions } from './adam.ts';
export { type Clipped, clipByGlobalNorm } from './clip.ts';
export type { Optimizer, ParameterGroup, Update, Updated } from './optimizer.ts';
export { sgd, type SgdOptions } from './sgd.ts';
export {
  addOptimizerStep,
  type CarriedTensor,
  type OptimizerStep,
  type OptimizerStepOptions,
  type TrainedParameter,
} from './step.ts';

/** The optimisers by name: Adam with L2 regularisation, Adam with decoupled weight decay, SGD with momentum. */
export const OPTIMIZERS = {
  adam: (options: Omit<AdamOptions, 'decay'> = {}) => adam({ ...options, decay: 'l2' }),
  adamw: (options: Omit<AdamOptions, 'decay'> = {}) => adam({ ...options, decay: 'decoupled' }),
  sgd: (options: SgdOptions = {}) => sgd(options),
} as const satisfies Readonly<Record<string, (options?: never) => Optimizer>>;

/** A name in {@link OPTIMIZERS}. */
export type OptimizerName = keyof typeof OPTIMIZERS;
