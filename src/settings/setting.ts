/**
 * A setting is said once: here is what there is to say of one. Options and `--help` (cli/options.ts), docs/cli.md, run.json and its reader,
 * study files and the report's table of settings derive from it.
 */
import type * as z from 'zod';
import type { Kind } from './kinds.ts';

/**
 * A setting. `Given` says that there always is a value: it is asked for, or has a default. `Decides` says that it decides a number of a row:
 * it is part of the identity of a run, which is resumed only with the same.
 */
export interface Setting<T, Given extends boolean = boolean, Decides extends boolean = boolean> {
  readonly kind: Kind<T>;
  /** What it is, a phrase, with its unit. */
  readonly help: string;
  /** What the report's table of settings calls it. */
  readonly label: string;
  readonly given: Given;
  readonly decides: Decides;
  readonly default?: T;
  /** The default as a text, where the value is none that one would write. */
  readonly defaultText?: string;
  /** The option's name on the command line; default: the setting's in kebab-case. */
  readonly option?: string;
  /** The option's value may be left out, and then is this. */
  readonly bare?: T;
  /** Settings that cannot be given together with it. */
  readonly conflicts?: readonly string[];
}

/** A setting of whatever type. */
export type AnySetting = Setting<unknown>;
/** Settings by name. A command's table is one. */
export type Settings = Readonly<Record<string, AnySetting>>;

/** What a setting says of itself. */
export type Said<T> = Omit<Setting<T>, 'kind' | 'given' | 'decides' | 'default' | 'label'> & {
  label?: string;
};

/** Makes a setting that changes no number of a row and may be absent. */
export const setting = <T>(kind: Kind<T>, said: Said<T>): Setting<T, false, false> => ({
  kind,
  label: said.help,
  given: false,
  decides: false,
  ...said,
});

/** Makes a setting that decides numbers of a row and may be absent. */
export const deciding = <T>(kind: Kind<T>, said: Said<T>): Setting<T, false, true> => ({
  ...setting(kind, said),
  decides: true,
});

/** What a command may say otherwise. */
export type Change<T> = Partial<Omit<Setting<T>, 'given' | 'decides' | 'default'>>;

/** The setting in other words, for a command to which it is something else. */
export const changed = <T, G extends boolean, D extends boolean>(
  one: Setting<T, G, D>,
  change: Change<T>,
): Setting<T, G, D> => ({ ...one, ...change });

/** The setting, which has to be given. */
export const required = <T, D extends boolean>(
  one: Setting<T, boolean, D>,
  change: Change<T> = {},
): Setting<T, true, D> => ({ ...one, ...change, given: true });

/** The setting with a default. */
export const withDefault = <T, D extends boolean>(
  one: Setting<T, boolean, D>,
  value: NoInfer<T>,
  change: Change<T> = {},
): Setting<T, true, D> => ({ ...one, ...change, default: value, given: true });

/** The value of a setting. */
export type ValueOf<S> = S extends { kind: { schema: z.ZodType<infer T> } } ? T : never;
/** Names of the settings that always have a value. */
export type Present<S> = { [K in keyof S]: S[K] extends { given: true } ? K : never }[keyof S];

/** The values of a table. */
export type ValuesOf<S extends Settings> = { [K in Present<S>]: ValueOf<S[K]> } & {
  [K in Exclude<keyof S, Present<S>>]?: ValueOf<S[K]>;
};

/** Of a table the settings that decide. */
export type Deciding<S extends Settings> = {
  [K in keyof S as S[K] extends { decides: true } ? K : never]: S[K];
};

/** What a run remembers of its settings: those that decide; null, or false for a flag, where they are absent. */
export type IdentityOf<S extends Settings> = {
  -readonly [K in keyof S as S[K] extends { decides: true } ? K : never]: S[K] extends { given: true }
    ? ValueOf<S[K]>
    : ValueOf<S[K]> extends boolean
      ? boolean
      : ValueOf<S[K]> | null;
};

const isFlag = ({ placeholder }: Kind<unknown>): boolean => placeholder === null;

const decidingOf = (settings: Settings): [string, AnySetting][] =>
  Object.entries(settings).filter(([, { decides }]) => decides);

/** The identity of a run: of its settings those that decide. */
export function identityOf<S extends Settings>(settings: S, values: ValuesOf<Deciding<S>>): IdentityOf<S> {
  const given: Record<string, unknown> = values;
  return Object.fromEntries(
    decidingOf(settings).map(([name, { kind }]) => [name, given[name] ?? (isFlag(kind) ? false : null)]),
  ) as IdentityOf<S>;
}

/** The shape of {@link identityOf}, for its reader. */
export const identityShape = <S extends Settings>(settings: S): IdentityShape<S> =>
  Object.fromEntries(
    decidingOf(settings).map(([name, { kind, given }]) => [
      name,
      given || isFlag(kind) ? kind.schema : kind.schema.nullable(),
    ]),
  ) as IdentityShape<S>;

/** Of {@link identityShape}. */
export type IdentityShape<S extends Settings> = {
  [K in keyof IdentityOf<S>]: z.ZodType<IdentityOf<S>[K]>;
};

/** The shape of a file's object: settings by their names, with their defaults. */
export const fileShape = <S extends Settings>(settings: S): FileShape<S> =>
  Object.fromEntries(
    Object.entries(settings).map(([name, { kind, given, default: value }]) => [
      name,
      value !== undefined ? kind.schema.default(value) : given ? kind.schema : kind.schema.optional(),
    ]),
  ) as FileShape<S>;

/** Of {@link fileShape}. */
export type FileShape<S extends Settings> = {
  [K in keyof S]: S[K] extends { given: true }
    ? z.ZodDefault<z.ZodType<ValueOf<S[K]>>>
    : z.ZodOptional<z.ZodType<ValueOf<S[K]>>>;
};

/** The labels of what decides, for a report. */
export const labelsOf = (settings: Settings): Record<string, string> =>
  Object.fromEntries(decidingOf(settings).map(([name, { label }]) => [name, label]));
