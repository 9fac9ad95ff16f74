/** Every surface says of a setting what its table says, and tells a wrong value in one sentence. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { COMMANDS } from '../cli/commands.ts';
import { createProgram } from '../cli/program.ts';
import { manifestSchema } from '../evaluate/schema.ts';
import { exampleManifest, exampleRun } from '../report/fixtures/example.ts';
import { settingsTables } from '../report/settings-table.ts';
import { checkStudy } from '../study/schema.ts';
import {
  ATTACK,
  AUDIT,
  CERTIFY,
  DIMENSION,
  fileShape,
  identityOf,
  identityShape,
  INDEX,
  INPUT,
  RECIPE,
  sentence,
  type Setting,
  type Settings,
  TRAIN,
  SELECTION,
} from './index.ts';

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const every = COMMANDS.flatMap(({ name: command, settings }) =>
  Object.entries(settings).map(([name, one]) => [command, name, one as Setting<unknown>] as const),
);

/** Of each setting a text that is wrong, and a value that is. */
function wrongOf({ kind }: Setting<unknown>): { text: string; value: unknown } | null {
  for (const text of ['-1', 'x', '=', ' ']) {
    const value = kind.parse(text);
    if (!kind.schema.safeParse(value).success) return { text, value };
  }
  return null; // any text will do
}

describe('the command line', () => {
  const docs = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  test.each(every)('%s %s: option, help, default, docs', (command, name, one) => {
    const option = createProgram()
      .commands.find((made) => made.name() === command)!
      .options.find((made) => made.attributeName() === name)!;
    expect(option.long).toBe(`--${one.option ?? kebab(name)}`);
    expect(option.description.startsWith(one.help)).toBe(true);
    if (one.kind.range) expect(option.description).toContain(one.kind.range);
    expect(option.defaultValue).toEqual(one.default);
    expect(option.mandatory).toBe(one.given && one.default === undefined);
    if (one.default !== undefined) expect(one.kind.schema.safeParse(one.default).success).toBe(true);
    expect(docs).toContain(`| \`${option.flags}\` |`);
  });

  test.each(every)('%s %s: a wrong value', async (command, name, one) => {
    const wrong = wrongOf(one);
    if (one.kind.placeholder === null || wrong === null) return;
    const program = createProgram();
    let told = '';
    for (const made of [program, ...program.commands])
      made.configureOutput({ writeErr: (text) => (told += text) }).exitOverride();
    const option = `--${one.option ?? kebab(name)}=${wrong.text}`;
    await expect(program.parseAsync([command, option], { from: 'user' })).rejects.toThrow(/invalid/);
    expect(told.toLowerCase()).toContain(sentence(one.kind.expected, wrong.value).toLowerCase());
  });
});

describe('run.json', () => {
  const asked = { ...exampleManifest().options };

  test('remembers what decides, and its reader asks for it', () => {
    for (const settings of [CERTIFY, ATTACK, AUDIT, TRAIN, INDEX] as Settings[]) {
      const deciding = Object.keys(settings).filter((name) => settings[name].decides);
      expect(Object.keys(identityOf(settings, {}))).toEqual(deciding);
      expect(Object.keys(identityShape(settings))).toEqual(deciding);
    }
    expect(identityOf(CERTIFY, asked as never)).toMatchObject({
      sigma: 0.25,
      leaveOneOut: false,
      timeBudget: null,
    });
    for (const name of Object.keys(identityShape(CERTIFY))) {
      const { [name]: _, ...rest } = asked;
      const found = manifestSchema.safeParse({ ...exampleManifest(), options: rest });
      expect(found.error?.issues[0].path).toEqual(['options', name]);
    }
  });

  const deciding = Object.entries(CERTIFY).filter(([, { decides }]) => decides) as [
    string,
    Setting<unknown>,
  ][];
  test.each(deciding)('%s: a wrong value is told in the same sentence', (name, one) => {
    const wrong = { nothing: true };
    const { error } = manifestSchema.safeParse({
      ...exampleManifest(),
      options: { ...asked, [name]: wrong },
    });
    expect(error!.issues[0].path).toEqual(['options', name]);
    expect(error!.issues[0].message).toBe(sentence(one.kind.expected, wrong));
  });

  test('the report names every setting that decides', () => {
    const page = String(settingsTables([exampleRun()]));
    for (const [, { label }] of deciding) expect(page).toContain(label.replaceAll("'", '&#39;'));
  });
});

describe('a study file', () => {
  const surfaces: [string[], string, Setting<unknown>][] = [
    ...Object.entries({ ...RECIPE, height: INPUT.height, width: INPUT.width, channels: INPUT.channels }).map(
      ([name, one]): [string[], string, Setting<unknown>] => [['training'], name, one as Setting<unknown>],
    ),
    [[], 'seed', CERTIFY.seed as Setting<unknown>],
    [[], 'methods', CERTIFY.methods as unknown as Setting<unknown>],
    [[], 'dimension', DIMENSION as Setting<unknown>],
    [['gallery'], 'samples', INDEX.samples as Setting<unknown>],
    [['gallery'], 'setting', CERTIFY.gallerySetting as unknown as Setting<unknown>],
    [['sampling'], 'selection', SELECTION as Setting<unknown>],
    [['sampling'], 'alpha', CERTIFY.alpha as Setting<unknown>],
    [['sampling'], 'sharedNoise', CERTIFY.sharedNoise as Setting<unknown>],
  ];
  const least = { models: { one: { noise: 0 } }, sigmas: [0.25] };

  test.each(surfaces)('%s %s has the default, and the sentence of a wrong value', (path, name, one) => {
    const written = (value: unknown): object =>
      path.reduceRight((inner: object, key) => ({ [key]: inner }), { [name]: value });
    const wrong = { nothing: true };
    expect(() => checkStudy({ ...least, ...written(wrong) })).toThrow(
      `'${[...path, name].join('.')}': ${sentence(one.kind.expected, wrong)}`,
    );
    const study = checkStudy(least) as unknown as Record<string, Record<string, unknown>>;
    const found = path.length === 0 ? study[name] : study[path[0]][name];
    if (one.default !== undefined) expect(found).toEqual(one.default);
  });
});

test('a table makes an object of a file', () => {
  const shape = z.strictObject(fileShape({ alpha: CERTIFY.alpha, limit: CERTIFY.limit }));
  expect(shape.parse({})).toEqual({ alpha: 0.001 });
  expect(shape.safeParse({ alpha: 2 }).error!.issues[0].message).toMatch(/^expected a failure.*; got 2$/);
});
