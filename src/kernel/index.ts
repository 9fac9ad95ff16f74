/** The WebAssembly SIMD kernel. */
export { FIXED_POINT_ONE, Kernel, RESAMPLE_SLACK } from './kernel.ts';
export type {
  AffinePointers,
  AxisTaps,
  InverseMap,
  PictureShape,
  Pointer,
  RowFault,
  SampleRange,
} from './kernel.ts';
