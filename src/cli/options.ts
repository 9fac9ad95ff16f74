/** The options of a command line, made of its table of settings. */
import { InvalidArgumentError, Option } from 'commander';
import { sentence, type Setting, type Settings } from '../settings/index.ts';
import { didYouMean } from './nearest-name.ts';

/** The option of a setting: `--gallery-samples <n>` for `gallerySamples`. Its value has the setting's name. */
function optionOf(name: string, one: Setting<unknown>): Option {
  const { kind, help } = one;
  const { range } = kind;
  const flags = `--${one.option ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const option = new Option(
    kind.placeholder === null ? flags : `${flags} ${kind.placeholder}`,
    range ? `${help} (${range})` : help,
  );
  option.attributeName = () => name;
  if (kind.choices) option.choices([...kind.choices]);
  if (kind.placeholder !== null)
    option.argParser((given: string, before: unknown) => parse(one, given, before));
  if (one.default !== undefined) option.default(one.default, one.defaultText);
  else if (one.given) option.makeOptionMandatory();
  if (one.bare !== undefined) option.preset(one.bare as string);
  if (one.conflicts) option.conflicts([...one.conflicts]);
  return option;
}

function parse({ kind, bare }: Setting<unknown>, given: unknown, before: unknown): unknown {
  if (given === bare) return bare; // commander parses what stands for no value, too
  const value = kind.parse(given as string, before);
  if (kind.schema.safeParse(value).success) return value;
  const told = sentence(kind.expected, value);
  const names = kind.choices ?? kind.several ?? [];
  const parts = (kind.several ? String(value).split(',') : [String(value)]).map((part) => part.trim());
  const near = didYouMean(parts.find((part) => !names.includes(part)) ?? '', names);
  throw new InvalidArgumentError(`${told[0].toUpperCase()}${told.slice(1)}.${near}`);
}

/** The options of a table, in its order. */
export const optionsOf = (settings: Settings): Option[] =>
  Object.entries(settings).map(([name, one]) => optionOf(name, one));
