import { Command, type Option } from 'commander';
import { VERSION } from '../version.ts';
import { attackCommand } from './attack.ts';
import { auditCommand } from './audit.ts';
import { certifyCommand } from './certify.ts';
import { indexCommand } from './index-command.ts';
import { queryCommand } from './query.ts';
import { reportCommand } from './report.ts';
import { studyCommand } from './study.ts';
import { trainCommand } from './train.ts';
import { EXIT } from './run-command.ts';

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

/** Every command, in the order of --help. */
export const COMMANDS: readonly CommandSpec[] = [
  trainCommand,
  indexCommand,
  queryCommand,
  certifyCommand,
  attackCommand,
  auditCommand,
  reportCommand,
  studyCommand,
];

/** The command line: a thin layer over the library. */
export function createProgram(): Command {
  const program = new Command('retrievalguard')
    .description('Provably robust image retrieval: certified radii for embedding search.')
    .version(VERSION)
    .showHelpAfterError('(run with --help for the options)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT.usage));
  for (const spec of COMMANDS) {
    const command = program
      .command(spec.args ? `${spec.name} ${spec.args}` : spec.name)
      .summary(spec.summary)
      .description(spec.description)
      .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT.usage))
      .showHelpAfterError('(run with --help for the options)');
    for (const option of spec.options) command.addOption(option);
    command.action(spec.run as (...values: unknown[]) => Promise<void>);
  }
  return program;
}
