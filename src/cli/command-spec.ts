import type { Option } from 'commander';

/** A command: its name, its options, and what it does. */
export interface CommandSpec {
  name: string;
  summary: string;
  description: string;
  /** For example '<image...>'. */
  args?: string;
  options: readonly Option[];
  // commander hands over the positional arguments, then the option values
  run: (...values: never[]) => Promise<void>;
}
