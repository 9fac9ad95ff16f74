import type { Settings } from '../settings/index.ts';

/** A command: its name, its settings, and what it does. */
export interface CommandSpec {
  name: string;
  summary: string;
  description: string;
  /** For example '<image...>'. */
  args?: string;
  settings: Settings;
  // commander hands over the positional arguments, then the option values
  run: (...values: never[]) => Promise<void>;
}
