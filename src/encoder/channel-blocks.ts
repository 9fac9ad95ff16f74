/** Networks whose channels do not come in blocks run faster with further channels that nothing reads; see padChannels. */
import { readFile, stat } from 'node:fs/promises';
import type { InferenceSession } from 'onnxruntime-node';
import { blockChannels, externalDataLocations, padChannels, readModel, writeModel } from '../onnx/index.ts';
import { pseudoImages } from './invariance.ts';
import { loadSession } from './load.ts';
import { normalizePixels } from './normalize.ts';
import { runModel, tensorOver, zeroInputs } from './tensors.ts';
import type { EncoderInfo } from './types.ts';

/** Larger models are not held in memory a second time: their convolutions have many channels anyway. */
const LARGEST = 2 ** 28;

/** How far an output may be from that of the model as it is, as a share of the largest value: rounding. */
const TOLERANCE = 1e-4;

/**
 * The channels to which the model's convolutions are filled up on this machine, and a session of the model so changed; null where there is
 * nothing to gain: other providers than the CPU's, float16, external data, channels in whole blocks already. The changed model has to
 * give the same output as `session` for a probe image.
 */
export async function findChannelBlock(
  info: EncoderInfo,
  session: InferenceSession,
  options: { provider: string; threads: number },
): Promise<{ channelBlock: number; session: InferenceSession } | null> {
  const { input, output, modelPath } = info;
  if (options.provider !== 'cpu' || input.type !== 'float32' || output.type !== 'float32') return null;
  if ((await stat(modelPath)).size > LARGEST) return null;
  const channelBlock = await blockChannels();
  if (channelBlock === null) return null;
  const bytes = await blockedModel(modelPath, channelBlock);
  const blocked = bytes && (await loadSession(bytes, options).catch(() => null));
  if (!blocked) return null;
  if (await agree(info, session, blocked)) return { channelBlock, session: blocked };
  await blocked.release();
  return null;
}

/** The model with its channels in blocks, to be loaded; null when it stays as it is. */
export async function blockedModel(path: string, block: number): Promise<Uint8Array | null> {
  const model = readModel(await readFile(path), path);
  if (externalDataLocations(model).length > 0) return null;
  const padded = padChannels(model, block);
  return padded && writeModel(padded);
}

/** Whether a fixed image has the same output, up to rounding. */
async function agree(
  info: EncoderInfo,
  session: InferenceSession,
  other: InferenceSession,
): Promise<boolean> {
  const expected = await probe(info, session);
  const got = await probe(info, other).catch(() => null);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return got !== null && expected.every((value, i) => Math.abs(value - got[i]) <= TOLERANCE * largest);
}

/** The raw output for a fixed image. */
async function probe(info: EncoderInfo, session: InferenceSession): Promise<Float32Array> {
  const { name, channels, height, width, others } = info.input;
  const batch = info.input.batch ?? 1;
  const images = pseudoImages(channels * height * width, batch, 1);
  normalizePixels(images, batch, info.preprocessing, images);
  const feeds = {
    ...zeroInputs(others, batch),
    [name]: tensorOver(images, [batch, channels, height, width]),
  };
  const results = await runModel(session, feeds, [info.output.name], batch);
  return Float32Array.from(results[info.output.name].data as Float32Array);
}
