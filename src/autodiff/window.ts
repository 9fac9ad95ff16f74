/** Sliding windows of convolutions and poolings over two axes. */
import type { Attributes, Value } from '../onnx/index.ts';
import { COMPOSITE_DOMAIN } from './composites/composite.ts';
import type { Site } from './site.ts';

/** How windows slide over the height and width of an image, all paddings worked out. */
export interface Window {
  /** [height, width] of the kernel. */
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /**
   * [top, left, bottom, right], such that the last window ends within the padded image: at least as much as the node
   * says, and more at bottom and right where `ceil_mode` lets windows hang over.
   */
  readonly pads: readonly number[];
}

/**
 * Reads the window of a node over images of size `input` that gives maps of size `output`, `auto_pad` applied. One axis is
 * read as a height of 1 and that width.
 *
 * @throws RetrievalGuardError GRADIENT_UNSUPPORTED for three or more axes
 */
export function windowOf(
  site: Site,
  kernel: readonly number[],
  input: readonly number[],
  output: readonly number[],
): Window {
  const axes = kernel.length;
  if (axes !== 1 && axes !== 2) return site.fail('a window over one or two axes', `${axes} axes`);
  const strides = site.ints('strides') ?? kernel.map(() => 1);
  const dilations = site.ints('dilations') ?? kernel.map(() => 1);
  const autoPad = site.string('auto_pad', 'NOTSET');
  const declared = site.ints('pads') ?? kernel.flatMap(() => [0, 0]);
  const begin: number[] = [];
  const end: number[] = [];
  for (let i = 0; i < axes; i++) {
    /** What the windows span beyond the image. */
    const over = (output[i] - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1 - input[i];
    if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') {
      const total = Math.max(over, 0);
      begin.push(autoPad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2));
      end.push(total - begin[i]);
    } else {
      begin.push(autoPad === 'VALID' ? 0 : declared[i]);
      end.push(Math.max(autoPad === 'VALID' ? 0 : declared[i + axes], over - begin[i]));
    }
  }
  const pads = axes === 1 ? [0, ...begin, 0, ...end] : [...begin, ...end];
  const two = (values: readonly number[]): number[] => (axes === 1 ? [1, ...values] : [...values]);
  return { kernel: two(kernel), strides: two(strides), dilations: two(dilations), pads };
}

/** [N, C, L] as [N, C, 1, L]; images stay. */
export const asImages = (shape: readonly number[]): readonly number[] =>
  shape.length === 3 ? [shape[0], shape[1], 1, shape[2]] : shape;

/** A composite operator of values taken as images, its result in the given shape. */
export function compositeOfImages(
  site: Site,
  type: string,
  inputs: readonly { value: Value; shape: readonly number[] }[],
  attributes: Attributes,
  shape: readonly number[],
): Value {
  const images = inputs.map((input) =>
    input.shape.length === 3 ? site.reshape(input.value, asImages(input.shape)) : input.value,
  );
  const result = site.g.op(type, images, attributes, { domain: COMPOSITE_DOMAIN });
  return shape.length === 3 ? site.reshape(result, shape) : result;
}
