/** All composite operators and their portable form; a name without an expansion does not compile. */
import type { Expansion } from './composite.ts';
import { expandConvInputGradient } from './conv-input-gradient.ts';
import { expandConvWeightGradient } from './conv-weight-gradient.ts';
import { expandMaxPoolGradient } from './max-pool-gradient.ts';

/** The composite operators. */
export const COMPOSITE_OPS = ['ConvInputGradient', 'ConvWeightGradient', 'MaxPoolGradient'] as const;

/** One of {@link COMPOSITE_OPS}. */
export type CompositeOp = (typeof COMPOSITE_OPS)[number];

/** Composite operator → its form in standard operators. */
export const EXPANSIONS: { readonly [Op in CompositeOp]: Expansion } = {
  ConvInputGradient: expandConvInputGradient,
  ConvWeightGradient: expandConvWeightGradient,
  MaxPoolGradient: expandMaxPoolGradient,
};
