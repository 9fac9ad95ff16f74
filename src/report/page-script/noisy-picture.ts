/** A query's picture under noise or after a change of a given size, drawn at the size of the model's input. */
import { gaussianSample, noiseKey } from '../../noise/index.ts';

/** A picture that can be drawn anew with noise of any length. */
export class NoisyPicture {
  readonly canvas: HTMLCanvasElement;
  readonly #clean: Promise<ImageData | null>;
  readonly #channels: 1 | 3;
  readonly #noise: Float32Array;
  readonly #length: number;

  /**
   * @param uri - the picture
   * @param query - names the noise: the same query, the same draw
   * @param input - size of the model's input
   */
  constructor(uri: string, query: string, input: { channels: number; height: number; width: number }) {
    const { height, width } = input;
    this.canvas = document.createElement('canvas');
    this.canvas.width = width;
    this.canvas.height = height;
    this.#channels = input.channels === 1 ? 1 : 3;
    this.#noise = gaussianSample(
      noiseKey({ seed: 0, query, phase: 'evaluation' }),
      0,
      this.#channels * height * width,
    );
    this.#length = Math.sqrt(this.#noise.reduce((sum, z) => sum + z * z, 0));
    this.#clean = pixelsOf(uri, width, height);
  }

  /** The picture plus `scale` times the standard normal noise. */
  async drawNoise(scale: number): Promise<void> {
    const clean = await this.#clean;
    if (!clean) return;
    const { width, height } = clean;
    const shown = new ImageData(width, height);
    const area = width * height;
    for (let i = 0; i < area; i++) {
      for (let c = 0; c < 3; c++) {
        const z = this.#noise[this.#channels === 1 ? i : c * area + i];
        shown.data[4 * i + c] = clean.data[4 * i + c] + 255 * scale * z; // the array rounds and limits
      }
      shown.data[4 * i + 3] = 255;
    }
    this.canvas.getContext('2d', { willReadFrequently: true })!.putImageData(shown, 0, 0);
  }

  /** The picture after a change of exactly this ℓ2 norm, pixels in [0,1], in the direction of the noise. */
  drawChange(length: number): Promise<void> {
    return this.drawNoise(length / this.#length);
  }
}

async function pixelsOf(uri: string, width: number, height: number): Promise<ImageData | null> {
  const image = new Image();
  image.src = uri;
  try {
    await image.decode();
  } catch {
    return null;
  }
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
