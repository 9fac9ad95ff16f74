/** Numeric options of losses and miners, as tables that a command line can print and check. */
import { RetrievalGuardError } from '../../errors.ts';

/** One option. */
export interface Setting {
  readonly default: number;
  /** Smallest value allowed. */
  readonly min: number;
  /** Largest value allowed. */
  readonly max: number;
  /** Whole numbers only. */
  readonly integer?: boolean;
  /** What it does, for help texts. */
  readonly summary: string;
}

/** The options of one loss or miner, by name. */
export type Settings = Readonly<Record<string, Setting>>;

/** What a caller may give for a table: any of its options. */
export type Options<S extends Settings> = { readonly [K in keyof S]?: number };

/** A value for each option of a table. */
export type Values<S extends Settings> = { readonly [K in keyof S]: number };

/**
 * The given options, with defaults where none is given.
 *
 * @param part the loss or miner, for messages
 * @throws RetrievalGuardError OPTION_INVALID for an unknown name or a value outside its range
 */
export function resolveSettings<S extends Settings>(part: string, settings: S, given: Options<S>): Values<S> {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(settings, name)) continue;
    const known = Object.keys(settings).join(', ') || 'none';
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `an option of ${part}: ${known}`,
      got: name,
    });
  }
  const resolved = Object.entries(settings).map(([name, setting]) => {
    const value = given[name] ?? setting.default;
    const { min, max, integer } = setting;
    const fits = integer ? Number.isSafeInteger(value) : Number.isFinite(value);
    if (!fits || value < min || value > max)
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: `${name} of ${part} ${integer ? 'a whole number ' : ''}from ${min} to ${max}`,
        got: `${name} = ${value}`,
      });
    return [name, value];
  });
  return Object.fromEntries(resolved) as Values<S>;
}
