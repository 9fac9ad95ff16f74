/** What every backbone is built from. */
import { RetrievalGuardError } from '../../errors.ts';
import type { Dimension } from '../../onnx/index.ts';

/** Options that all backbones share. */
export interface BackboneOptions {
  /** Channels of the image: 1 for grey, 3 for colour. */
  channels: number;
  /** Height of the image in pixels. */
  height: number;
  /** Width of the image in pixels. */
  width: number;
  /** Which initial weights: an integer ≥ 0. The same seed gives the same bytes. */
  seed: number;
  /** Images a run, a number or the name of an open dimension; default 'batch'. */
  batch?: Dimension;
}

/**
 * Checks the size of the image.
 *
 * @throws RetrievalGuardError OPTION_INVALID unless all three are integers, channels ≥ 1, height and width ≥ `smallest`
 */
export function checkImage(options: BackboneOptions, smallest: number): void {
  const { channels, height, width } = options;
  const whole = [channels, height, width].every(Number.isSafeInteger);
  if (whole && channels >= 1 && height >= smallest && width >= smallest) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `an image of at least 1 channel and ${smallest} × ${smallest} pixels`,
    got: `${channels} × ${height} × ${width}`,
  });
}
