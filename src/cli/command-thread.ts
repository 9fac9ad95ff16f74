/** The thread in which the command line runs; see supervise.ts. */
import { workerData } from 'node:worker_threads';
import type { ThreadSetup } from './supervise.ts';
import { runProgram } from './program.ts';

const { columns } = workerData as ThreadSetup;
for (const [i, stream] of [process.stdout, process.stderr].entries()) {
  if (columns[i] === 0) continue;
  Object.defineProperties(stream, { isTTY: { value: true }, columns: { get: () => columns[i] } });
}
await runProgram(process.argv.slice(2));
