/**
 * Kinds of values: what is accepted, the sentence that a wrong one gets wherever it is given, and how one is written on a command line.
 */
import * as z from 'zod';
import { inRange, type Range, rangeText } from '../limits.ts';

/** A kind of value. */
export interface Kind<T> {
  /** "an integer from 1 to 64": completes "expected …". */
  readonly expected: string;
  /** Accepts what is right; its one issue is {@link sentence}. */
  readonly schema: z.ZodType<T>;
  /** What a text on a command line says, to be checked by the schema. @param before of an option that was given already */
  parse(text: string, before?: T): unknown;
  /** How `--help` calls the value: "<n>"; null for a flag, which has none. */
  readonly placeholder: string | null;
  /** The names that there are, where it is one of some. */
  readonly choices?: readonly string[];
  /** The names that there are, where it is several of some. */
  readonly several?: readonly string[];
  /** Adds the range to a help text. */
  readonly range?: string;
}

/** What a wrong value is told on every surface: "expected …; got …". */
export const sentence = (expected: string, got: unknown): string =>
  `expected ${expected}; got ${typeof got === 'string' ? `'${got}'` : typeof got === 'number' ? got : (JSON.stringify(got) ?? String(got))}`;

function kind<T>(
  expected: string,
  accepts: (value: unknown) => boolean,
  more: Omit<Kind<T>, 'expected' | 'schema'>,
): Kind<T> {
  const schema = z.custom<T>(accepts, { error: ({ input }) => sentence(expected, input) });
  return { expected, schema, ...more };
}

/** A text that is no number stays a text, and is told as it was written. */
const numberOf = (text: string): number | string => {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isNaN(value) ? text : value;
};

const number = (expected: string, accepts: (value: number) => boolean, placeholder: string): Kind<number> =>
  kind(expected, (value) => typeof value === 'number' && accepts(value), { parse: numberOf, placeholder });

/** A whole number of a range. */
export const whole = (range: Range, placeholder = '<n>'): Kind<number> => ({
  ...number(rangeText(range), (value) => inRange(value, range), placeholder),
  range: `${range.least.toLocaleString('en-US')} to ${range.most.toLocaleString('en-US')}`,
});

/** Any number. */
export const finite = (placeholder: string): Kind<number> => number('a number', Number.isFinite, placeholder);

/** A number > 0. */
export const positive = (placeholder: string): Kind<number> =>
  number('a number > 0', (value) => value > 0 && value < Infinity, placeholder);

/** A number ≥ 0. */
export const notNegative = (placeholder: string): Kind<number> =>
  number('a number ≥ 0', (value) => value >= 0 && value < Infinity, placeholder);

/** A failure probability. */
export const failure = (): Kind<number> =>
  number('a failure probability between 0 and 1 (exclusive)', (value) => value > 0 && value < 1, '<a>');

/** A text that is not empty. */
export const text = (placeholder: string): Kind<string> =>
  kind('a text', (value) => typeof value === 'string' && value !== '', {
    parse: (given) => given,
    placeholder,
  });

/** Yes or no. */
export const flag = (): Kind<boolean> =>
  kind('true or false', (value) => typeof value === 'boolean', { parse: () => true, placeholder: null });

/** One of some names, or of some numbers. */
export function choice<const T extends string | number>(values: readonly T[], placeholder: string): Kind<T> {
  const choices = values.map(String);
  return kind(`one of ${choices.join(', ')}`, (value) => values.includes(value as T), {
    parse: (given) => values[choices.indexOf(given)] ?? given,
    placeholder,
    choices,
  });
}

/** Some of some names, in the order of the names. */
export function choices<const T extends string>(values: readonly T[], placeholder: string): Kind<T[]> {
  const accepts = (value: unknown): value is T[] =>
    Array.isArray(value) && value.length > 0 && value.every((one) => values.includes(one as T));
  return kind(`some of ${values.join(', ')}`, accepts, {
    parse: (given) => {
      const names = split(given);
      return accepts(names) ? values.filter((one) => names.includes(one)) : given;
    },
    placeholder,
    several: values,
  });
}

/** A list of values; `ascending` are sorted and none stands twice. */
export function list(of: Kind<number>, { ascending = false } = {}): Kind<number[]> {
  const increases = (values: readonly number[]): boolean =>
    values.every((value, i) => i === 0 || value > values[i - 1]);
  const accepts = (value: unknown): value is number[] =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => of.schema.safeParse(one).success) &&
    (!ascending || increases(value));
  return kind(`${ascending ? 'an ascending list' : 'a list'} of which each is ${of.expected}`, accepts, {
    parse: (given) => {
      const values = split(given).map((one) => of.parse(one) as number);
      if (ascending) values.sort((a, b) => a - b);
      const found = ascending ? values.filter((value, i) => value !== values[i - 1]) : values;
      return accepts(found) ? found : given;
    },
    placeholder: '<list>',
  });
}

/** A whole number, or the word for a number that is chosen. */
export function wholeOr<const W extends string>(range: Range, word: W): Kind<number | W> {
  const number = whole(range);
  return kind<number | W>(
    `${number.expected}, or ${word}`,
    (value) => value === word || number.schema.safeParse(value).success,
    { parse: (given) => (given === word ? given : numberOf(given)), placeholder: '<n>' },
  );
}

/** Names with a number each, given one after another on a command line. */
export const namedNumbers = (): Kind<Record<string, number>> =>
  named(
    'name=number',
    'numbers by name',
    (value) => typeof value === 'number' && Number.isFinite(value),
    numberOf,
  );

/** Names with a text each. */
export const namedTexts = (what: string): Kind<Record<string, string>> =>
  named(
    `name=${what}`,
    `a ${what} by name`,
    (value) => typeof value === 'string' && value !== '',
    (given) => given,
  );

function named<T>(
  form: string,
  expected: string,
  accepts: (value: unknown) => boolean,
  parse: (given: string) => unknown,
): Kind<Record<string, T>> {
  return kind(
    `${expected} (${form})`,
    (value) => typeof value === 'object' && value !== null && Object.values(value).every(accepts),
    {
      parse: (given, before) => {
        const at = given.indexOf('=');
        const value = parse(given.slice(at + 1));
        return at < 1 || !accepts(value) ? given : { ...before, [given.slice(0, at).trim()]: value };
      },
      placeholder: `<${form}>`,
    },
  );
}

const split = (given: string): string[] =>
  given
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
