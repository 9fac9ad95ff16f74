/** Contestant 4: a sampling loop in PyTorch, in a process of its own (torch_loop.py). */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Contestant } from './contestant.ts';

const PYTHON = process.env.PYTHON ?? '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('./torch_loop.py', import.meta.url));

/** The version of PyTorch that can be imported, or null. */
export function torchVersion(): string | null {
  const { status, stdout } = spawnSync(PYTHON, ['-c', 'import torch; print(torch.__version__)'], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : null;
}

/** Starts the loop for one of the architectures in torch_loop.py. */
export async function torchLoop(architecture: string, threads: number): Promise<Contestant> {
  const child: ChildProcessWithoutNullStreams = spawn(PYTHON, [SCRIPT, architecture, String(threads)]);
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`torch_loop.py ended: ${errors}`);
    return String(value);
  };
  const note = await answer();
  return {
    name: 'PyTorch loop',
    note,
    run: async (samples) => {
      child.stdin.write(`${samples}\n`);
      return Number(await answer());
    },
    close: async () => {
      child.stdin.end();
      await new Promise((resolve) => child.once('exit', resolve));
    },
  };
}
