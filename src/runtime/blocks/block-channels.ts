/** How many channels ONNX Runtime's CPU provider puts in a block on this machine, if it does at all. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GraphBuilder, sizeOf } from '../../onnx/index.ts';

/** The domain of the blocked operators: internal to ONNX Runtime. */
export const BLOCKED_DOMAIN = 'com.microsoft.nchwc';

/**
 * The number of channels in a block (8 or 16), or null where the blocked operators are missing or do something else than
 * expected: orders 32 channels of two pixels and looks at what lies next to the first value.
 */
export async function blockChannels(): Promise<number | null> {
  const shape = [1, 32, 1, 2];
  const g = new GraphBuilder({ domains: { [BLOCKED_DOMAIN]: 1 } });
  const x = g.input('x', 'float32', shape);
  g.output('y', g.op('ReorderInput', [x], { channels_last: 0 }, { domain: BLOCKED_DOMAIN }), 'float32');
  try {
    const session = await InferenceSession.create(g.toBytes(), { logSeverityLevel: 4 });
    try {
      const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => i);
      const { y } = await session.run({ x: new Tensor('float32', data, shape) });
      return blockOf(Array.from(y.data as Float32Array));
    } finally {
      await session.release();
    }
  } catch {
    return null; // no such operator in this build or on this processor
  }
}

/** Channel c, pixel p holds 2c + p: in blocks of b it lies at (c div b)·2b + p·b + c mod b. */
function blockOf(values: readonly number[]): number | null {
  for (const block of [8, 16]) {
    const fits = values.every((_, i) => {
      const [c, p] = [i >> 1, i & 1];
      return values[Math.floor(c / block) * 2 * block + p * block + (c % block)] === i;
    });
    if (fits) return block;
  }
  return null;
}
