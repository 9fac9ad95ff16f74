/** What run.json says of where and how a run was made. None of it changes a number. */
import { cpus } from 'node:os';
import { env } from 'onnxruntime-node';
import { VERSION } from '../version.ts';

/** Versions of what computes. */
export const software = () => ({
  retrievalguard: VERSION,
  node: process.version,
  onnxruntime: env.versions.node ?? env.versions.common,
});

/** The machine. */
export const machine = () => ({ cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length });

/** When and by which command. */
export const invocation = () => ({
  started: new Date().toISOString(),
  command: ['retrievalguard', ...process.argv.slice(2)],
});
