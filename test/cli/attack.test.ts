/** attack and audit as processes: resumed, reproducible, and an audit that finds certificates made too large. */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { AttackRow, AttackSummary, AuditRow, AuditSummary, Row } from '../../src/evaluate/index.ts';
import { normalQuantile } from '../../src/stats/index.ts';
import { run, succeed, temporary, writeDataset, writeMatchingEncoder } from './support.ts';

const at = temporary();
let model: string;
const json = async <T>(...path: string[]): Promise<T> => JSON.parse(await readFile(at(...path), 'utf8')) as T;
const lines = async <T>(...path: string[]): Promise<T[]> =>
  (await readFile(at(...path), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

beforeAll(async () => {
  model = await writeMatchingEncoder(at('model', 'model.onnx'));
  await writeDataset(at('pictures'), { perClass: 4, seed: 3 });
});

describe('attack', () => {
  const command = (out: string): string[] =>
    [
      ['attack', '--data', at('pictures'), '--leave-one-out', '--model', model, '--radius', '1,0.05,20'],
      ['--attack', 'pgd,cw,search', '--steps', '8', '--out', at(out)],
    ].flat();

  test('the undefended encoder: all within a large radius, none of norm above its radius, the same again', async () => {
    const { stdout } = await succeed(command('base'));
    expect(stdout).toContain('within 20:');
    const summary = await json<AttackSummary>('base', 'summary.json');
    expect(summary.radii).toEqual([0.05, 1, 20]);
    expect(summary.queries).toBe(16);
    expect(summary.recallAt1).toBeGreaterThan(0.4);
    const { empiricalRecallAt1: recall } = summary;
    expect(recall[0]).toBeGreaterThanOrEqual(recall[1]);
    expect(recall[2]).toBe(0);
    const rows = await lines<AttackRow>('base', 'rows.jsonl');
    for (const { score, holds, smallest, label } of rows) {
      if (score === 0) continue;
      expect(smallest!.predicted).not.toBe(label);
      expect(holds).toEqual(summary.radii.map((radius) => (smallest!.norm <= radius ? 0 : 1)));
    }
    const { pictures } = rows.find(({ smallest }) => smallest)!.smallest!;
    expect(await readdir(at('base', 'pictures'))).toContain(pictures!.perturbed.replace('pictures/', ''));
    // once more elsewhere, after a stop in the middle of a line
    await succeed(command('again'));
    const untimed = (all: AttackRow[]): unknown[] => all.map((row) => ({ ...row, seconds: 0 }));
    expect(untimed(await lines('again', 'rows.jsonl'))).toEqual(untimed(rows));
    const text = await readFile(at('again', 'rows.jsonl'), 'utf8');
    const whole = text.split('\n').slice(0, 16);
    await writeFile(at('again', 'rows.jsonl'), `${whole.slice(0, 9).join('\n')}\n${whole[9].slice(0, 20)}`);
    const { stderr } = await succeed(command('again'));
    expect(stderr).toContain('resuming: 9 of 16');
    expect((await lines<AttackRow>('again', 'rows.jsonl')).map(({ query }) => query)).toEqual(
      rows.map(({ query }) => query),
    );
  });

  test.each(['mean', 'vote', 'duel'])(
    'the smoothed system %s falls only to far longer changes',
    async (system) => {
      await succeed(
        ['attack', '--data', at('pictures'), '--leave-one-out', '--model', model, '--system', system],
        [
          '--sigma',
          '0.25',
          '--radius',
          '0.05,20',
          '--attack',
          'pgd',
          '--steps',
          '8',
          '--judge-samples',
          '200',
        ],
        ['--gallery-samples', '32', '--out', at(system)],
      );
      const { empiricalRecallAt1, recallAt1 } = await json<AttackSummary>(system, 'summary.json');
      expect(recallAt1).toBeGreaterThan(0);
      expect(empiricalRecallAt1[0]).toBeGreaterThan(0);
      expect(empiricalRecallAt1[1]).toBeLessThan(recallAt1);
    },
  );

  test.each([
    ['--radius', '0', 'each is a number > 0'],
    ['--attack', 'magic', 'Expected some of pgd, cw, search'],
    ['--system', 'mean', '--sigma with --system mean'],
  ])('%s %s is refused', async (option, value, message) => {
    const { code, stderr } = await run([...command('refused'), option, value]);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain(message);
  });

  test('another radius in the same folder is refused', async () => {
    const { code, stderr } = await run([...command('base'), '--radius', '3']);
    expect(code).toBe(1);
    expect(stderr).toContain('RUN_MISMATCH');
  });
});

describe('audit', () => {
  beforeAll(async () => {
    await succeed(
      [
        'certify',
        '--data',
        at('pictures'),
        '--limit',
        '6',
        '--leave-one-out',
        '--model',
        model,
        '--sigma',
        '0.25',
      ],
      ['--samples', '300', '--gallery-samples', '32', '--out', at('run')],
    );
  });

  const audit = (out: string): string[] => [
    'audit',
    at('run'),
    '--steps',
    '10',
    '--judge-samples',
    '500',
    '--out',
    at(out),
  ];

  test('finds nothing against an honest run', async () => {
    const { stdout } = await succeed(audit('honest'));
    expect(stdout).toContain(': 0 counterexamples');
    const summary = await json<AuditSummary>('honest', 'summary.json');
    expect(summary.counterexamples).toBe(0);
    expect(summary.byMethod.cdf!.certificates).toBeGreaterThan(0);
    expect(summary.byMethod.duel!.certificates).toBeGreaterThan(0);
    for (const { findings } of await lines<AuditRow>('honest', 'rows.jsonl'))
      for (const { norm, radius } of findings) expect(norm).toBeLessThan(radius);
  });

  test('needs the gallery of the run, wherever it is now', async () => {
    await cp(at('run', 'gallery'), at('elsewhere'), { recursive: true });
    const moved = await succeed([...audit('moved'), '--gallery', at('elsewhere'), '--limit', '1']);
    expect(moved.stdout).toContain(': 0 counterexamples');
    const index = ['index', '--data', at('pictures'), '--model', model, '--sigma', '0.25', '--samples', '33'];
    await succeed([...index, '--out', at('other')]);
    const other = await run([...audit('other-audit'), '--gallery', at('other')]);
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/RUN_MISMATCH.*the gallery of the run/),
    });
  });

  test('finds certificates made too large, saves what reproduces them, and exits with 1', async () => {
    const rows = await lines<Row>('run', 'rows.jsonl');
    // as large as a row may say: more than 300 samples can give is refused when it is read
    const most: Record<string, number> = { cdf: 2, duel: 0.25 * normalQuantile(0.001 ** (1 / 300)) };
    for (const { methods } of rows)
      for (const [method, found] of Object.entries(methods))
        if (found.kind === 'certified' && method in most)
          found.radius = Math.min(20 * found.radius, most[method]);
    await writeFile(at('run', 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const { code, stderr, stdout } = await run(audit('dishonest'));
    expect(code).toBe(1);
    expect(stderr).toContain('COUNTEREXAMPLE');
    expect(stdout).not.toContain(': 0 counterexamples');
    const audited = await lines<AuditRow>('dishonest', 'rows.jsonl');
    const found = audited
      .flatMap(({ findings }) => findings)
      .filter(({ outcome }) => outcome === 'counterexample');
    for (const method of ['cdf', 'duel']) expect(found.map((one) => one.method)).toContain(method);
    const { evidence, norm, predicted, label } = found[0];
    expect(predicted).not.toBe(label);
    const files = await readdir(at('dishonest', evidence!));
    expect(files.sort()).toEqual([
      'finding.json',
      'original.npy',
      'original.png',
      'perturbed.npy',
      'perturbed.png',
    ]);
    // the saved images are that far apart
    const values = async (name: string): Promise<Float32Array> => {
      const bytes = await readFile(join(at('dishonest', evidence!), name));
      return new Float32Array(Uint8Array.from(bytes.subarray(10 + bytes.readUInt16LE(8))).buffer);
    };
    const [original, perturbed] = [await values('original.npy'), await values('perturbed.npy')];
    expect(Math.hypot(...original.map((x, i) => perturbed[i] - x))).toBeCloseTo(norm, 4);
  });
});
