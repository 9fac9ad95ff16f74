/** The demo: leave-one-out certified Recall@1 of handwritten characters that the encoder has never seen, as a report. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProgram } from '../src/cli/program.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const run = join(root, 'runs', 'demo');
const report = join(run, 'report.html');
const command = (...args: string[]): Promise<unknown> => {
  process.stderr.write(`\n$ retrievalguard ${args.join(' ')}\n`);
  return createProgram().parseAsync(args, { from: 'user' });
};
const continued = (): boolean => !process.exitCode;

const data = `omniglot:${join(root, 'demo', 'omniglot-unseen.zip')}`;
const model = join(root, 'bench', 'models', 'omniglot-conv4');
const amount = ['--per-class', '4', '--samples', '1000', '--gallery-samples', '128'];
await command(
  'certify',
  '--data',
  data,
  '--leave-one-out',
  '--model',
  model,
  '--sigma',
  '0.25',
  ...amount,
  '--out',
  run,
);
if (continued())
  await command('report', run, '--title', 'Handwritten characters, certified', '--out', report);
if (continued() && existsSync(report)) process.stderr.write(`\nOpen ${report} in a browser.\n`);
