import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { COMMANDS } from './commands.ts';
import { optionsOf } from './options.ts';
import { EXIT } from './run-command.ts';

/** The command line: a thin layer over the library. Throws commander's errors, of help and of wrong usage. */
export function createProgram(): Command {
  const program = new Command('retrievalguard')
    .description('Provably robust image retrieval: certified radii for embedding search.')
    .version(VERSION)
    .showHelpAfterError('(run with --help for the options)')
    .exitOverride();
  for (const spec of COMMANDS) {
    const command = program
      .command(spec.args ? `${spec.name} ${spec.args}` : spec.name)
      .summary(spec.summary)
      .description(spec.description)
      .copyInheritedSettings(program);
    for (const option of optionsOf(spec.settings)) command.addOption(option);
    command.action(async (...values: unknown[]) => {
      const { run } = await spec.load();
      await (run as (...given: unknown[]) => Promise<void>)(...values);
    });
  }
  return program;
}

/** Runs a command line, given without the program's name, and sets the exit code. */
export async function runProgram(args: readonly string[]): Promise<void> {
  try {
    const program = createProgram();
    unknownOptionFirst(program, args);
    await program.parseAsync(unknownAlone(args), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
  }
}

/** An unknown command without its options: with --help among them commander would show the help of all and call it a success. */
function unknownAlone(args: readonly string[]): readonly string[] {
  const name = args[0] === 'help' ? args[1] : args[0];
  const known = !name || name.startsWith('-') || COMMANDS.some((command) => command.name === name);
  return known ? args : [name];
}

/** A misspelt option is the error, not that the one which was meant is missing. */
function unknownOptionFirst(program: Command, args: readonly string[]): void {
  const named = (command: Command): boolean => command.name() === args[0];
  const unknown = createProgram().commands.find(named)?.parseOptions(args.slice(1)).unknown ?? [];
  if (unknown.length === 0) return;
  for (const option of program.commands.find(named)!.options) option.makeOptionMandatory(false);
}
