/** Convolutions. dx and dw are composite operators, written out in composites/; db is dy summed over batch and pixels. */
import type { Value } from '../../onnx/index.ts';
import { type ConvGeometry, convAttributes } from '../composites/conv-geometry.ts';
import { rule, type Rule, type Site } from '../site.ts';
import { asImages, compositeOfImages, windowOf } from '../window.ts';

/** A gradient of a convolution as a composite operator, in the given shape. */
const composite = (
  site: Site,
  type: string,
  inputs: readonly { value: Value; shape: readonly number[] }[],
  geometry: ConvGeometry,
  shape: readonly number[],
): Value => compositeOfImages(site, type, inputs, convAttributes(geometry), shape);

/** The rules of these operators. */
export const CONVOLUTIONS = {
  /** y = x ∗ w + b over one or two axes. */
  Conv: rule((site, dy) => {
    const [x, w, y] = [site.input(0), site.input(1), site.output(0)];
    const geometry: ConvGeometry = {
      ...windowOf(site, w.shape.slice(2), x.shape.slice(2), y.shape.slice(2)),
      group: site.int('group', 1),
      x: asImages(x.shape),
      w: asImages(w.shape),
      y: asImages(y.shape),
    };
    const upstream = { value: dy, shape: y.shape };
    return [
      () => composite(site, 'ConvInputGradient', [upstream, w], geometry, x.shape),
      () => composite(site, 'ConvWeightGradient', [x, upstream], geometry, w.shape),
      () => site.perChannel(dy),
    ];
  }),

  /**
   * y is what the input gradient of a convolution would be: so dx is that convolution of dy, and dw its weight gradient, x
   * and dy in each other's place.
   */
  ConvTranspose: rule((site, dy) => {
    const [x, w, y] = [site.input(0), site.input(1), site.output(0)];
    if (site.string('auto_pad', 'NOTSET') !== 'NOTSET' || site.ints('output_shape')) {
      site.fail('explicit paddings', 'auto_pad or output_shape');
    }
    const axes = w.shape.length - 2;
    if (axes > 2) site.fail('a window over one or two axes', `${axes} axes`);
    const ones = Array<number>(axes).fill(1);
    const strides = site.ints('strides') ?? ones;
    const dilations = site.ints('dilations') ?? ones;
    const pads = site.ints('pads') ?? [...ones, ...ones].map(() => 0);
    const group = site.int('group', 1);
    const dw = () => {
      const lift = (list: readonly number[]) => (axes === 1 ? [1, ...list] : list);
      const geometry: ConvGeometry = {
        strides: lift(strides),
        dilations: lift(dilations),
        pads: axes === 1 ? [0, pads[0], 0, pads[1]] : pads,
        group,
        x: asImages(y.shape),
        w: asImages(w.shape),
        y: asImages(x.shape),
      };
      return composite(site, 'ConvWeightGradient', [{ value: dy, shape: y.shape }, x], geometry, w.shape);
    };
    return [
      () => site.op('Conv', [dy, w.value], { strides, dilations, pads, group }),
      dw,
      () => site.perChannel(dy),
    ];
  }),
} satisfies Record<string, Rule>;
