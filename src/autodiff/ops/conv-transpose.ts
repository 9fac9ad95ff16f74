import { COMPOSITE_DOMAIN } from '../composites/composite.ts';
import { convAttributes } from '../composites/conv-geometry.ts';
import { rule } from '../site.ts';
import { asImages } from '../window.ts';

/**
 * y is what the input gradient of a convolution would be: so dx is that convolution of dy, and dw its weight gradient, x
 * and dy in each other's place. db is dy summed over batch and pixels.
 */
export const convTransposeRule = rule((site, dy) => {
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

  const dx = () => site.op('Conv', [dy, w.value], { strides, dilations, pads, group });
  const dw = () => {
    const lift = (list: readonly number[], fill: number) => (axes === 1 ? [fill, ...list] : list);
    const attributes = convAttributes({
      strides: lift(strides, 1),
      dilations: lift(dilations, 1),
      pads: axes === 1 ? [0, pads[0], 0, pads[1]] : pads,
      group,
      x: asImages(y.shape),
      w: asImages(w.shape),
      y: asImages(x.shape),
    });
    const images = [
      axes === 1 ? site.reshape(dy, asImages(y.shape)) : dy,
      axes === 1 ? site.reshape(x.value, asImages(x.shape)) : x.value,
    ];
    const result = site.g.op('ConvWeightGradient', images, attributes, { domain: COMPOSITE_DOMAIN });
    return axes === 1 ? site.reshape(result, w.shape) : result;
  };
  return [
    site.needs[0] ? dx() : null,
    site.needs[1] ? dw() : null,
    site.needs[2]
      ? site.sum(
          dy,
          y.shape.map((_, i) => i).filter((i) => i !== 1),
          false,
        )
      : null,
  ];
});
