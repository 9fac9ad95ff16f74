/**
 * Nanoseconds per value of the noise kernels, on one core. Run: npx tsx bench/noise.ts [sigma of the exact noise]
 *
 * The contestants take turns; medians over the rounds, after a warm-up, and minima in brackets.
 */
import { KernelMemory } from '../src/kernel/index.ts';
import { cellTable, exactNoiseKey, positionTable } from '../src/noise/exact/index.ts';
import { ExactNoiseKernel } from '../src/noise/exact/exact-noise-kernel.ts';
import { noiseKey } from '../src/noise/index.ts';
import { NoiseKernel } from '../src/noise/noise-kernel.ts';

const SIGMA = Number(process.argv[2] ?? 0.25);
const SHAPES = [
  { channels: 3, plane: 224 * 224, count: 2 },
  { channels: 1, plane: 28 * 28, count: 64 },
];
const ROUNDS = 150;
const WARM_UP = 30;

const memory = await KernelMemory.create();
const kernel = new NoiseKernel(memory);
const exact = new ExactNoiseKernel(memory);
const source = { seed: 1, query: 'bench', phase: 'estimation' } as const;
const key = noiseKey(source);
const exactKey = exactNoiseKey(source);
const table = cellTable(SIGMA);
const positions = positionTable(SIGMA);

function naive(values: Float32Array): void {
  for (let i = 0; i < values.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    const angle = 2 * Math.PI * Math.random();
    values[i] = radius * Math.cos(angle);
    values[i + 1] = radius * Math.sin(angle);
  }
}

for (const { channels, plane, count } of SHAPES) {
  memory.reset();
  const dimension = channels * plane;
  const [base, noise, out] = [1, count, count].map((rows) => memory.allocate(4 * rows * dimension));
  const [scale, offset] = [memory.allocate(4 * channels), memory.allocate(4 * channels)];
  const [bytes, whole] = [memory.allocate(dimension), memory.allocate(2 * count * dimension)];
  memory.f32(base, dimension).fill(0.5);
  memory.f32(scale, channels).fill(0.01);
  memory.f32(offset, channels).fill(-1.8);
  memory.u8(bytes, dimension).fill(127);
  const real = memory.allocate(4 * dimension);
  memory.i32(real, dimension).forEach((_, i, pixels) => {
    pixels[i] = (i * 1_234_567) % (255 * 65536);
  });
  const plain = memory.f32(out, count * dimension);
  const range = (round: number) => ({ key, firstSample: round * count, count });
  const exactRange = (round: number) => ({ ...range(round), key: exactKey, table });
  const affine = { base, scale, channels, plane, out };
  const grey = { base: bytes, scale, offset, channels, plane, out };

  const contestants: Record<string, (round: number) => void> = {
    'gaussian (z alone)': (round) => kernel.gaussian({ ...range(round), dimension, out: noise }),
    'perturb (fused)': (round) => kernel.perturb({ ...range(round), ...affine }),
    'exact noise (k alone)': (round) => exact.noise({ ...exactRange(round), dimension, out: whole }),
    'exact perturb (fused)': (round) => exact.perturb({ ...exactRange(round), ...grey }),
    'exact perturb, real pixels': (round) =>
      exact.perturbReal({ ...exactRange(round), table: positions, ...grey, picture: real }),
    'exact combine (k at hand)': () => exact.combine({ ...grey, noise: whole, count }),
    'JavaScript Box-Muller': () => naive(plain),
  };
  const times = new Map(Object.keys(contestants).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(contestants)) {
      const start = performance.now();
      run(round);
      if (round >= WARM_UP) times.get(name)?.push(((performance.now() - start) * 1e6) / (count * dimension));
    }
  }
  console.log(`${channels} x ${plane} values, ${count} samples a call, exact noise at sigma = ${SIGMA}`);
  for (const [name, values] of times) {
    values.sort((a, b) => a - b);
    const median = values[Math.floor(values.length / 2)];
    console.log(
      `  ${name.padEnd(26)} ${median.toFixed(2).padStart(6)} ns per value (${values[0].toFixed(2)})`,
    );
  }
}
