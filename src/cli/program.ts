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

/**
 * Parses a command line that asks for nothing to be done, so that an unknown command or option is told first, with the nearest name: before
 * an option that is missing, and whatever --help would print.
 */
export async function checkNames(argv: readonly string[]): Promise<void> {
  const [first, ...rest] = argv;
  if (first === undefined || first.startsWith('-') || first === 'help') return;
  const named = [first, ...rest.filter((argument) => argument !== '--help' && argument !== '-h')];
  await createProgram({ dry: true }).parseAsync(named, { from: 'user' });
}

/**
 * The command line: a thin layer over the library.
 * @param options.dry only check names and values: nothing is mandatory, nothing runs
 */
export function createProgram({ dry = false }: { dry?: boolean } = {}): Command {
  const program = new Command('retrievalguard')
    .description('Provably robust image retrieval: certified radii for embedding search.')
    .version(VERSION)
    .showHelpAfterError('(run with --help for the options)')
    .showSuggestionAfterError()
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT.usage));
  for (const spec of COMMANDS) {
    const command = program
      .command(dry ? `${spec.name} [anything...]` : spec.args ? `${spec.name} ${spec.args}` : spec.name)
      .summary(spec.summary)
      .description(spec.description)
      .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT.usage))
      .showHelpAfterError('(run with --help for the options)');
    for (const option of spec.options) command.addOption(dry ? optional(option) : option);
    command.action(dry ? () => {} : (spec.run as (...values: unknown[]) => Promise<void>));
  }
  return program;
}

/** The same option, not mandatory. */
function optional(option: Option): Option {
  const copy = Object.create(Object.getPrototypeOf(option) as object) as Option;
  return Object.assign(copy, option, { mandatory: false });
}
