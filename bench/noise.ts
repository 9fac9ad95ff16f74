/**
 * Nanoseconds per value of the noise kernel, on one core. Run: npx tsx bench/noise.ts
 *
 * The contestants take turns; medians over the rounds, after a warm-up, and minima in brackets.
 */
import { KernelMemory } from '../src/kernel/index.ts';
import { noiseKey } from '../src/noise/index.ts';
import { NoiseKernel } from '../src/noise/noise-kernel.ts';

const CHANNELS = 3;
const PLANE = 224 * 224;
const DIMENSION = CHANNELS * PLANE;
const COUNT = 2;
const ROUNDS = 60;
const WARM_UP = 15;

const memory = await KernelMemory.create();
const kernel = new NoiseKernel(memory);
const base = memory.allocate(DIMENSION * 4);
const scale = memory.allocate(CHANNELS * 4);
const noise = memory.allocate(COUNT * DIMENSION * 4);
const out = memory.allocate(COUNT * DIMENSION * 4);
memory.f32(base, DIMENSION).fill(0.5);
memory.f32(scale, CHANNELS).fill(1.1);
const key = noiseKey({ seed: 1, query: 'bench', phase: 'estimation' });
const affine = { base, scale, channels: CHANNELS, plane: PLANE, count: COUNT, out };
const plain = memory.f32(out, COUNT * DIMENSION);

function naive(): void {
  for (let i = 0; i < plain.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    const angle = 2 * Math.PI * Math.random();
    plain[i] = radius * Math.cos(angle);
    plain[i + 1] = radius * Math.sin(angle);
  }
}

const contestants: Record<string, (round: number) => void> = {
  'gaussian (z alone)': (round) =>
    kernel.gaussian({ key, firstSample: round * COUNT, count: COUNT, dimension: DIMENSION, out: noise }),
  'perturb (fused)': (round) => kernel.perturb({ key, firstSample: round * COUNT, ...affine }),
  'combine (z at hand)': () => kernel.combine({ ...affine, noise }),
  'JavaScript Box-Muller': naive,
};
const times = new Map(Object.keys(contestants).map((name) => [name, [] as number[]]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, run] of Object.entries(contestants)) {
    const start = performance.now();
    run(round);
    if (round >= WARM_UP) times.get(name)?.push(((performance.now() - start) * 1e6) / (COUNT * DIMENSION));
  }
}
for (const [name, values] of times) {
  values.sort((a, b) => a - b);
  const median = values[Math.floor(values.length / 2)];
  console.log(`${name.padEnd(24)} ${median.toFixed(2).padStart(6)} ns per value (${values[0].toFixed(2)})`);
}
