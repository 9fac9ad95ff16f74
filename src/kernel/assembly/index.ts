// The WebAssembly kernel. Pointers are byte offsets into its memory; src/kernel/kernel.ts checks arguments.
// Built by tools/build-wasm.ts into src/kernel/kernel.generated.ts.

export { combine, gaussian, perturb } from './noise';
export { planes, resample, warp } from './pictures';
export { addRowsFixedPoint, normalizeRows, rowFault } from './rows';
export { labelAbove, maxBiased, maxWeighted, maxWeightedAll } from './scores';

/** First byte that the caller may use; scratch lies below. */
export function heapBase(): usize {
  return __heap_base;
}
