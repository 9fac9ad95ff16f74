/** Whether the blocked operators do what the lowering needs. */
import { blockChannels } from './block-channels.ts';
import { passesTrial } from './trial.ts';

let found: Promise<number | null> | undefined;

/**
 * The number of channels in a block (8 or 16), or null where the blocked operators are missing, do something else than
 * expected, or disagree with the portable graph on a small network. Found out once per process.
 */
export function blockSize(): Promise<number | null> {
  found ??= blockChannels().then(async (block) =>
    block !== null && (await passesTrial(block)) ? block : null,
  );
  return found;
}
