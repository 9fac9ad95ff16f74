import { describe, expect, test } from 'vitest';
import { disagreement, floats32, floats64, gradientsOf } from './testing/check-gradient.ts';

describe('addGradients', () => {
  test('adds up the gradients of a value that is used twice', async () => {
    const { analytic, numeric } = await gradientsOf({
      feeds: { x: floats64([3, 4]), w: floats64([4, 4], 2) },
      build: (g, { x, w }) => {
        const h = g.op('MatMul', [x, w]);
        return g.op('Add', [g.op('MatMul', [h, w]), h]);
      },
    });
    for (const name of ['x', 'w']) expect(disagreement(analytic[name], numeric[name])).toBeLessThan(1e-8);
  });

  test('float32 with a kink', async () => {
    const { analytic, numeric } = await gradientsOf({
      feeds: { x: floats32([3, 4]), w: floats32([4, 5], 2), b: floats32([5], 3) },
      build: (g, { x, w, b }) => g.op('Relu', [g.op('Add', [g.op('MatMul', [x, w]), b])]),
      step: 1e-3,
    });
    for (const name of ['x', 'w', 'b'])
      expect(disagreement(analytic[name], numeric[name])).toBeLessThan(2e-3);
  });
});
