/**
 * How near the sampling engine comes to its limit. Run: npx tsx bench/engine.ts [--quick] [--only NAME] [--rounds N] [--patience SECONDS]
 * [--no-memory] [--no-torch]
 *
 * For each network: plain ONNX Runtime inference on all cores (the limit), the engine estimating one query, the engine
 * with noise shared by eight queries, both with 100 projections and against a whole gallery, and a sampling loop in PyTorch.
 * They take turns in rounds; medians over the rounds.
 * A ratio is the median over the rounds of the ratio within a round, which the machine's drift touches least.
 * The same by CPU time of this process (not of PyTorch's), which holds even where other programs take turns on the cores.
 * Then memory, and the time from a cold start to a certified radius. Prints Markdown.
 */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { buildEngine, type Engine } from './build.ts';
import { type Contestant, median, quiet } from './contestant.ts';
import { coldStart, memory } from './process.ts';
import { type Network, networks } from './networks.ts';
import { plainInference } from './plain.ts';
import { engineContestants, type Load, PROJECTIONS, wholeGallery } from './sampling.ts';
import { torchLoop, torchVersion } from './torch.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    'no-memory': { type: 'boolean', default: false },
    'no-torch': { type: 'boolean', default: false },
    rounds: { type: 'string' },
    /** Seconds to wait before each measurement for a quiet machine. */
    patience: { type: 'string', default: '10' },
  },
});
const THREADS = availableParallelism();
const SECONDS = options.quick ? 1 : 2.5;
const ROUNDS = Number(options.rounds ?? (options.quick ? 3 : 7));

const engine = await buildEngine();
const torch = options['no-torch'] ? null : torchVersion();
const version = process.versions;
const { default: runtime } = await import('onnxruntime-node/package.json', { with: { type: 'json' } });
console.log(
  `${cpus()[0].model.trim()}, ${THREADS} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; Node ${version.node}, ` +
    `onnxruntime-node ${runtime.version}, PyTorch ${torch ?? 'absent'}; load before the start ${loadavg()[0].toFixed(2)}; ` +
    `${ROUNDS} rounds of about ${SECONDS} s\n`,
);
const chosen = networks().filter(
  ({ architecture, large }) =>
    (!options.only || architecture.includes(options.only)) && !(options.quick && large && !options.only),
);
const notes: string[] = [];
const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
const HEAD = [
  'network',
  'compared with',
  'plain, 1/s',
  'engine, 1/s',
  '8 queries, 1/s',
  'PyTorch, 1/s',
  'engine / plain',
  '8 queries / plain',
  'engine / PyTorch',
  'by CPU time: engine / plain',
  '8 queries / plain',
];
console.log(`${line(HEAD)}\n${line(HEAD.map(() => '---'))}`);
for (const network of chosen) for (const row of await measure(engine, network)) console.log(line(row));
console.log();
console.log(notes.map((note) => `- ${note}`).join('\n'));
if (!options['no-memory']) {
  await memory(options.quick);
  await coldStart(engine, chosen);
}

/** A row for each load. */
async function measure(built: Engine, network: Network): Promise<string[][]> {
  const info = await built.encoder.readEncoderInfo(network.path, {});
  const policy = await built.tune.chooseBatch(info, 'cpu', 'auto');
  const loads: Load[] = [PROJECTIONS, wholeGallery(network.items)];
  const contestants: Contestant[] = [await plainInference(info, THREADS)];
  for (const load of loads)
    contestants.push(...(await engineContestants(built, info, policy, load, THREADS)));
  if (torch) contestants.push(await torchLoop(network.architecture, THREADS));

  // whole tiles of all eight queries for every thread
  const block = 64 * 8 * THREADS;
  const warm = 64 * THREADS;
  const rate = warm / (await contestants[0].run(warm));
  const samples = block * Math.max(1, Math.round((SECONDS * rate) / block));
  for (const contestant of contestants.slice(1)) await contestant.run(warm);
  const times = contestants.map((): number[] => []);
  const work = contestants.map((): number[] => []);
  let disturbed = 0;
  for (let round = 0; round < (network.large ? Math.min(3, ROUNDS) : ROUNDS); round++) {
    // every other round backwards, so that drift within a round cancels
    const order = [...contestants.keys()];
    for (const i of round % 2 === 0 ? order : order.toReversed()) {
      if (!(await quiet(Number(options.patience)))) disturbed++;
      const before = process.cpuUsage();
      times[i].push(await contestants[i].run(samples));
      const { user, system } = process.cpuUsage(before);
      work[i].push(user + system);
    }
  }
  for (const contestant of contestants) await contestant.close();

  notes.push(
    `${network.name}: ${samples} samples a round, ${disturbed} of ${times.flat().length} measurements began while others used the machine; ${contestants.map((c) => `${c.name}: ${c.note}`).join('; ')}`,
  );
  const perSecond = (seconds?: number[]): string =>
    seconds ? (samples / median(seconds)).toPrecision(4) : '–';
  const ratio = (of: number[], to: number[] | undefined, target: number): string => {
    if (!to) return '–';
    const value = median(of.map((seconds, i) => to[i] / seconds));
    return `${value.toFixed(3)}${value >= target ? '' : ` (target ${target})`}`;
  };
  const [plain] = times;
  const loop = torch ? times[times.length - 1] : undefined;
  return loads.map(({ name }, at): string[] => {
    const [one, shared] = [1 + 2 * at, 2 + 2 * at];
    return [
      network.name,
      name,
      perSecond(plain),
      perSecond(times[one]),
      perSecond(times[shared]),
      perSecond(loop),
      ratio(times[one], plain, network.target.one),
      ratio(times[shared], plain, network.target.shared),
      ratio(times[one], loop, 1.5),
      ratio(work[one], work[0], network.target.one),
      ratio(work[shared], work[0], network.target.shared),
    ];
  });
}
