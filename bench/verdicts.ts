/**
 * How long a verdict takes: one query, `duel`, a target radius, against one plain inference of 16 pictures that all cores share. Run:
 * npx tsx bench/verdicts.ts [--rounds N] [--patience SECONDS]
 *
 * The query stands in a gallery of random vectors with its own embedding, so that hardly any noisy copy is lost: the verdict costs what the
 * selection, the betting and the engine around them cost. Medians over the rounds. Then what the betting needs by itself, simulated for
 * losses of 1%. Prints Markdown.
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { buildEngine } from './build.ts';
import { median, quiet, timed } from './contestant.ts';
import { networks } from './networks.ts';
import { plainInference } from './plain.ts';
import { randomGallery } from './sampling.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '11' },
    patience: { type: 'string', default: '2' },
  },
});
const SIGMA = 0.25;
const ALPHA = 0.001;
const THREADS = availableParallelism();
const TARGETS = [
  ['σ/2', 0.5],
  ['σ', 1],
  ['3σ/2', 1.5],
] as const;

const { smoothing, certify } = await buildEngine();
console.log(`${cpus()[0].model.trim()}, ${THREADS} cores; medians of ${options.rounds} rounds\n`);
console.log('| network | items | stops at | samples | verdict, ms | batch of 16, ms | ratio |');
console.log('| --- | ---: | --- | ---: | ---: | ---: | ---: |');
for (const network of networks().filter(({ large }) => !large)) {
  const smoother = await smoothing.Smoother.open(network.path);
  const plain = await plainInference(smoother.info, THREADS);
  const { dimension, input } = smoother.info;
  const size = input.channels * input.height * input.width;
  const pixels = Float32Array.from({ length: size }, (_, i) => 0.5 + 0.4 * Math.sin(i / 7));
  const own = await smoother.embed({ id: 'own', pixels }, { sigma: SIGMA, samples: 64 });
  const random = randomGallery(network.items - 1, dimension);
  await smoother.setGallery({
    ...random,
    vectors: Float32Array.from([...own, ...random.vectors]),
    count: network.items,
    labelIndex: Int32Array.from([...random.labelIndex].map((label) => label + 1).toSpliced(0, 0, 0)),
  });
  const stops = [
    ['the first look', { samples: 16 }],
    ...TARGETS.map(([name, multiple]) => [name, { radius: multiple * SIGMA }] as const),
  ] as const;
  for (const [name, stopping] of stops) {
    const times: number[] = [];
    const limits: number[] = [];
    const samples: number[] = [];
    for (let round = -1; round < Number(options.rounds); round++) {
      await quiet(Number(options.patience));
      let spent = 0;
      const seconds = await timed(async () => {
        const found = await smoother.certifyOnce(
          { id: `query ${round}`, pixels },
          { sigma: SIGMA, alpha: ALPHA, methods: ['duel'], stopping },
        );
        spent = found.samples;
      });
      const limit = await plain.batch(16);
      if (round < 0) continue;
      times.push(seconds);
      limits.push(limit);
      samples.push(spent);
    }
    const ratio = median(times.map((seconds, i) => seconds / limits[i]));
    const ms = (seconds: number[]): string => (1e3 * median(seconds)).toPrecision(3);
    console.log(
      `| ${network.name} | ${network.items} | ${name} | ${median(samples)} | ${ms(times)} | ${ms(limits)} | ${ratio.toFixed(2)} |`,
    );
  }
  await plain.close();
  await smoother.close();
}

console.log('\nSamples until the radius is certified, of which 1% are lost; simulated.\n');
console.log('| radius | 10% of the runs | median | 90% |');
console.log('| --- | ---: | ---: | ---: |');
for (const [name, multiple] of TARGETS) {
  const needed = Array.from({ length: 2001 }, () => samplesUntil(multiple * SIGMA)).sort((x, y) => x - y);
  console.log(`| ${name} | ${needed[200]} | ${needed[1000]} | ${needed[1800]} |`);
}

/** Samples of one simulated run, looked at where the radius can first be reached. */
function samplesUntil(radius: number): number {
  const run = new certify.AnyTime({ sigma: SIGMA, eta: 0, alpha: ALPHA });
  let losses = 0;
  for (let samples = 0; ; ) {
    if (run.reached(radius)) return samples;
    for (const next = run.samplesTo(radius); samples < next; samples++) if (Math.random() < 0.01) losses++;
    run.observe({ samples, losses });
  }
}
