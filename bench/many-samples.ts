/**
 * Ten million samples of one query through the whole engine: an encoder of two values, both with a large first component, whose sums
 * of 8.4 million samples would overflow 64 bits in units of 2⁻⁴⁰. Prints each radius beside the true one; exits 1 if one is larger.
 *
 *     npx tsx bench/many-samples.ts [samples]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Smoother } from '../src/smoothing/index.ts';
import { linearForm, writeEncoder } from '../test/helpers/encoders.ts';

const samples = Number(process.argv[2] ?? 1e7);
const sigma = 0.05;
const threshold = 2;
const start = 2.0005; // ⟨w, image⟩, |w| = 1: the smoothed answer changes at the threshold
const side = 4;
const w = Array.from({ length: side * side }, () => 1 / side);
const values = { above: [1, 0], below: [0.9, Math.sqrt(1 - 0.81)] };

const folder = await mkdtemp(join(tmpdir(), 'many-samples-'));
try {
  const path = await writeEncoder(join(folder, 'two-values'), [1, side, side], 2, (g, pixels) => {
    const above = g.op('GreaterOrEqual', [linearForm(g, pixels, w), g.float32(threshold)]);
    return g.op('Where', [
      above,
      g.constant(Float32Array.from(values.above), [1, 2]),
      g.constant(Float32Array.from(values.below), [1, 2]),
    ]);
  });
  const smoother = await Smoother.open(path, {});
  await smoother.setGallery({
    vectors: Float32Array.from([...values.above, ...values.below]),
    dimension: 2,
    count: 2,
    labelIndex: Int32Array.of(0, 1),
  });
  const pixels = new Float32Array(side * side).fill(start / side);
  const began = performance.now();
  const { certificates, nearest } = await smoother.certifyOnce(
    { id: 'query', pixels },
    { sigma, alpha: 0.001, stopping: { exactly: samples } },
  );
  await smoother.close();
  const truth = pixels.reduce((sum, x, i) => sum + x * w[i], 0) - threshold;
  const seconds = ((performance.now() - began) / 1e3).toFixed(0);
  console.log(`${samples.toLocaleString('en-US')} samples in ${seconds} s; the true radius is ${truth}`);
  console.log(`distance of the smoothed embedding from its nearest item: ${nearest[0].distance}`);
  for (const [method, found] of Object.entries(certificates)) {
    const said = found.kind === 'certified' ? found.radius : `abstains: ${found.reason}`;
    console.log(`${method}: ${said}`);
    if (found.kind === 'certified' && found.radius > truth) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true });
}
