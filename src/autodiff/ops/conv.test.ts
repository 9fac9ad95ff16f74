import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { disagreement, floats32, gradientsOf, numbers } from '../testing/check-gradient.ts';

interface Configuration {
  n: number;
  group: number;
  inPerGroup: number;
  outPerGroup: number;
  size: readonly [number, number];
  kernel: readonly [number, number];
  strides: readonly [number, number];
  dilations: readonly [number, number];
  /** Top, left, bottom, right. */
  pads: readonly [number, number, number, number];
}

/** Gradients of Σ u·y by the definition of the convolution: one loop over everything that meets. */
function naive(c: Configuration, x: Float32Array, w: Float32Array) {
  const [m, ci] = [c.group * c.outPerGroup, c.group * c.inPerGroup];
  const out = [0, 1].map(
    (a) =>
      Math.floor(
        (c.size[a] + c.pads[a] + c.pads[a + 2] - c.dilations[a] * (c.kernel[a] - 1) - 1) / c.strides[a],
      ) + 1,
  );
  const u = numbers(c.n * m * out[0] * out[1], 77);
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  const db = new Float64Array(m);
  let k = 0;
  for (let n = 0; n < c.n; n++) {
    for (let o = 0; o < m; o++) {
      for (let r = 0; r < out[0]; r++) {
        for (let s = 0; s < out[1]; s++) {
          const up = u[k++];
          db[o] += up;
          const group = Math.floor(o / c.outPerGroup);
          for (let i = 0; i < c.inPerGroup; i++) {
            for (let a = 0; a < c.kernel[0]; a++) {
              for (let b = 0; b < c.kernel[1]; b++) {
                const row = r * c.strides[0] + a * c.dilations[0] - c.pads[0];
                const column = s * c.strides[1] + b * c.dilations[1] - c.pads[1];
                if (row < 0 || row >= c.size[0] || column < 0 || column >= c.size[1]) continue;
                const atX = ((n * ci + group * c.inPerGroup + i) * c.size[0] + row) * c.size[1] + column;
                const atW = ((o * c.inPerGroup + i) * c.kernel[0] + a) * c.kernel[1] + b;
                dx[atX] += up * w[atW];
                dw[atW] += up * x[atX];
              }
            }
          }
        }
      }
    }
  }
  return { x: dx, w: dw, b: db };
}

/** The largest disagreement of the rules with the definition. */
async function errorOf(c: Configuration, opset?: number): Promise<number> {
  const x = floats32([c.n, c.group * c.inPerGroup, ...c.size], 1);
  const w = floats32([c.group * c.outPerGroup, c.inPerGroup, ...c.kernel], 2);
  const b = floats32([c.group * c.outPerGroup], 3);
  const { analytic } = await gradientsOf({
    feeds: { x, w, b },
    build: (g, inputs) =>
      g.op('Conv', [inputs.x, inputs.w, inputs.b], {
        strides: [...c.strides],
        dilations: [...c.dilations],
        pads: [...c.pads],
        group: c.group,
      }),
    numeric: false,
    opset,
  });
  const expected = naive(c, x.data as Float32Array, w.data as Float32Array);
  const errors = (['x', 'w', 'b'] as const).map((name) => disagreement(analytic[name], expected[name]));
  return Math.max(...errors);
}

const pair = (arbitrary: fc.Arbitrary<number>) => fc.tuple(arbitrary, arbitrary);
const small = (max: number) => fc.integer({ min: 1, max });

/** Convolutions of any form, with channels as asked. */
const configurations = (channels: {
  group: fc.Arbitrary<number>;
  inPerGroup: fc.Arbitrary<number>;
  outPerGroup: fc.Arbitrary<number>;
}) =>
  fc
    .record({
      n: small(3),
      ...channels,
      size: pair(small(9)),
      kernel: pair(small(4)),
      strides: pair(small(3)),
      dilations: pair(fc.constantFrom(1, 1, 2, 3)),
      pads: fc.tuple(...([0, 1, 2, 3] as const).map(() => fc.integer({ min: 0, max: 3 }))),
    })
    .filter((c) =>
      [0, 1].every((a) => c.size[a] + c.pads[a] + c.pads[a + 2] > c.dilations[a] * (c.kernel[a] - 1)),
    )
    .map((c) => c as unknown as Configuration);

/** Float32 sums of a hundred terms that cancel down to a hundredth. */
const TOLERANCE = 1e-4;

describe('the gradients of a convolution are those of its definition', () => {
  test.each([
    ['of one group', { group: fc.constant(1), inPerGroup: small(3), outPerGroup: small(5) }, 17, 120],
    ['of groups', { group: fc.constantFrom(2, 3), inPerGroup: small(3), outPerGroup: small(3) }, 17, 60],
    ['depthwise', { group: small(4), inPerGroup: fc.constant(1), outPerGroup: fc.constant(1) }, 17, 90],
    ['before operator set 10', { group: small(2), inPerGroup: small(2), outPerGroup: small(2) }, 9, 60],
  ])('%s', async (_, channels, opset, numRuns) => {
    await fc.assert(
      fc.asyncProperty(configurations(channels), async (c) => {
        expect(await errorOf(c, opset)).toBeLessThan(TOLERANCE);
      }),
      { numRuns, seed: 1 },
    );
  });

  test('depthwise over maps wider than row products are used for', async () => {
    const wide: Configuration = {
      n: 2,
      group: 3,
      inPerGroup: 1,
      outPerGroup: 1,
      size: [5, 47],
      kernel: [3, 3],
      strides: [2, 1],
      dilations: [1, 2],
      pads: [1, 2, 1, 2],
    };
    expect(await errorOf(wide)).toBeLessThan(TOLERANCE);
  });
});
