/** A query's picture under noise or after a change of a given size, drawn at the size of the model's input. */
import { cellTable, exactNoise, exactNoiseKey } from '../../noise/exact/index.ts';

/** A picture that can be drawn anew with noise, or with a change of any length in the noise's direction. */
export class NoisyPicture {
  readonly canvas: HTMLCanvasElement;
  readonly #clean: Promise<ImageData | null>;
  readonly #channels: 1 | 3;
  /** In grey levels. */
  readonly #noise: Int16Array;
  readonly #length: number;

  /**
   * @param uri - the picture
   * @param query - names the noise: the same query, the same draw
   * @param sigma - of the noise, pixels in [0,1]
   * @param input - size of the model's input
   */
  constructor(
    uri: string,
    query: string,
    sigma: number,
    input: { channels: number; height: number; width: number },
  ) {
    const { height, width } = input;
    this.canvas = document.createElement('canvas');
    this.canvas.width = width;
    this.canvas.height = height;
    this.#channels = input.channels === 1 ? 1 : 3;
    this.#noise = exactNoise(
      exactNoiseKey({ seed: 0, query, phase: 'evaluation' }),
      0,
      this.#channels * height * width,
      cellTable(sigma),
    );
    this.#length = Math.sqrt(this.#noise.reduce((sum, k) => sum + k * k, 0)) / 255;
    this.#clean = pixelsOf(uri, width, height);
  }

  /** The picture plus the noise, as many times. */
  async drawNoise(times = 1): Promise<void> {
    const clean = await this.#clean;
    if (!clean) return;
    const { width, height } = clean;
    const shown = new ImageData(width, height);
    const area = width * height;
    for (let i = 0; i < area; i++) {
      for (let c = 0; c < 3; c++) {
        const k = this.#noise[this.#channels === 1 ? i : c * area + i];
        shown.data[4 * i + c] = clean.data[4 * i + c] + times * k; // the array rounds and limits
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
