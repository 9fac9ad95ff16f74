/** What the WebAssembly of this project works on. */
export { KernelMemory, type Pointer } from './memory.ts';
