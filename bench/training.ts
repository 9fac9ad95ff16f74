/**
 * How long a training step takes, against PyTorch. Run: npx tsx bench/training.ts [--only NAME] [--mode step|input] [--rounds N]
 * [--seconds S] [--threads N] [--patience SECONDS]
 *
 * Each network with a full step (forward, backward, Adam) and with the gradient of the images only, four times: our portable
 * graph, our graph lowered for the CPU, PyTorch as people run it ("plain": NCHW, batch normalisation as modules in evaluation mode)
 * and PyTorch with what was found to help ("tuned": normalisation folded, channels_last, glibc keeping its memory). All start from the
 * same weights and see the same images; their losses are compared.
 *
 * They take turns in rounds, each in a process of its own. A time is the median over the rounds; a ratio the median of the ratios
 * within a round, by wall clock and by CPU time, which holds where other programs take turns on the cores; and that of the
 * shortest times. Peak memory is that of the whole process. Prints Markdown.
 */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { expandComposites } from '../src/autodiff/index.ts';
import { lowerForCpu } from '../src/runtime/index.ts';
import { median, quiet } from './contestant.ts';
import { torchVersion } from './torch.ts';
import { type Cost, type Mode, ourTrainer, torchTrainer, type Trainer } from './training/contestants.ts';
import { writeForTorch } from './training/files.ts';
import { inputGraph, stepGraph } from './training/graph.ts';
import { forward } from './training/model.ts';
import { NETWORKS, type TrainingNetwork } from './training/networks.ts';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    mode: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    /** Seconds that each takes per round, about. */
    seconds: { type: 'string', default: '2' },
    threads: { type: 'string', default: String(availableParallelism()) },
    /** Seconds to wait before each measurement for a quiet machine. */
    patience: { type: 'string', default: '10' },
  },
});
const THREADS = Number(options.threads);
/** Steps before the first measurement; their last losses are compared. */
const WARM = 3;
/** The input gradient's target, as a share of plain PyTorch's time. */
const INPUT_TARGET = 0.5;

const { default: runtime } = await import('onnxruntime-node/package.json', { with: { type: 'json' } });
console.log(
  `${cpus()[0].model.trim()}, ${cpus().length} cores, ${THREADS} threads each, ${Math.round(totalmem() / 2 ** 30)} GiB; ` +
    `Node ${process.versions.node}, onnxruntime-node ${runtime.version}, PyTorch ${torchVersion() ?? 'absent'}; ` +
    `load before the start ${loadavg()[0].toFixed(2)}; ${options.rounds} rounds of about ${options.seconds} s\n`,
);
const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
const HEAD = [
  'network',
  'what',
  'portable, ms',
  'lowered, ms',
  'PyTorch plain, ms',
  'PyTorch tuned, ms',
  'portable / plain',
  'lowered / plain',
  'lowered / tuned',
  'by CPU time: portable / plain',
  'lowered / plain',
  'lowered / tuned',
  'shortest: lowered / plain',
  'peak memory, MB: portable',
  'lowered',
  'plain',
  'tuned',
];
console.log(`${line(HEAD)}\n${line(HEAD.map(() => '---'))}`);
const notes: string[] = [];
for (const network of NETWORKS) {
  if (options.only && !network.name.includes(options.only)) continue;
  for (const mode of ['step', 'input'] as const) {
    if (!options.mode || options.mode === mode) console.log(line(await measure(network, mode)));
  }
}
console.log(`\n${notes.map((note) => `- ${note}`).join('\n')}`);

async function measure(network: TrainingNetwork, mode: Mode): Promise<string[]> {
  const built = forward(network);
  const folder = writeForTorch(network, built);
  const graph = mode === 'step' ? await stepGraph(network, built) : await inputGraph(network, built);
  const trainers: Trainer[] = [
    await ourTrainer(`${mode} portable`, folder, network, graph, expandComposites(graph.model), THREADS),
    await ourTrainer(`${mode} lowered`, folder, network, graph, await lowerForCpu(graph.model), THREADS),
    await torchTrainer('plain', folder, mode, THREADS),
    await torchTrainer('tuned', folder, mode, THREADS),
  ];
  const warm: Cost[] = [];
  for (const trainer of trainers) warm.push(await trainer.run(WARM));
  const found = warm.map(({ loss, norm }) => (norm ?? loss).toPrecision(6)).join(', ');
  const what = mode === 'step' ? `loss of step ${WARM}` : 'norm of the gradient';
  notes.push(`${network.name}, ${what}: ${found} (portable, lowered, plain, tuned)`);

  const costs = trainers.map((): Cost[] => []);
  const steps = Math.max(1, Math.round((Number(options.seconds) * WARM) / warm[1].seconds));
  let disturbed = 0;
  for (let round = 0; round < Number(options.rounds); round++) {
    // every other round backwards, so that drift within a round cancels
    const order = [...trainers.keys()];
    for (const i of round % 2 === 0 ? order : order.toReversed()) {
      if (!(await quiet(Number(options.patience)))) disturbed++;
      // the portable graph may be much slower: fewer steps of it will do
      const share = Math.max(1, Math.round((steps * warm[1].seconds) / warm[i].seconds));
      const { seconds, work, ...rest } = await trainers[i].run(share);
      costs[i].push({ ...rest, seconds: seconds / share, work: work / share });
    }
  }
  for (const trainer of trainers) await trainer.close();
  notes.push(
    `${network.name}, ${mode}: ${steps} steps a round, ${disturbed} of ${costs.flat().length} measurements began while others used the machine`,
  );
  const [portable, lowered, plain, tuned] = costs;
  const target = mode === 'step' ? network.target : { portable: undefined, lowered: INPUT_TARGET };
  const time = (of: Cost[]): string => (1e3 * median(of.map(({ seconds }) => seconds))).toPrecision(4);
  const ratio = (of: Cost[], to: Cost[], what_: 'seconds' | 'work', goal?: number): string => {
    const value = median(of.map((cost, i) => cost[what_] / to[i][what_]));
    return `${value.toFixed(2)}${goal === undefined || value <= goal ? '' : ` (target ${goal})`}`;
  };
  const shortest = (of: Cost[]): number => Math.min(...of.map(({ seconds }) => seconds));
  const peak = (of: Cost[]): string => Math.round(of.at(-1)!.peak / 1e6).toString();
  return [
    network.name,
    mode === 'step' ? 'step' : 'input gradient',
    ...costs.map(time),
    ratio(portable, plain, 'seconds', target.portable),
    ratio(lowered, plain, 'seconds', target.lowered),
    ratio(lowered, tuned, 'seconds'),
    ratio(portable, plain, 'work', target.portable),
    ratio(lowered, plain, 'work', target.lowered),
    ratio(lowered, tuned, 'work'),
    (shortest(lowered) / shortest(plain)).toFixed(2),
    ...costs.map(peak),
  ];
}
