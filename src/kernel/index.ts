/** The WebAssembly SIMD kernel. */
export { FIXED_POINT_ONE, Kernel } from './kernel.ts';
export type { AffinePointers, Pointer, RowFault, SampleRange } from './kernel.ts';
