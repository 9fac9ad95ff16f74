import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { eta, NOISE_NAME } from '../../src/noise/exact/index.ts';
import type { Method, Row, RunManifest } from '../../src/evaluate/index.ts';
import {
  CLASSES,
  PIXELS,
  readRows,
  readSummary,
  ROOT,
  runAlone as run,
  start,
  succeedAlone as succeed,
  temporary,
  untimed,
  writeDataset,
  writeMatchingEncoder,
} from './support.ts';

const METHODS: Method[] = ['paper', 'cdf', 'duel'];
const at = temporary();
let model: string;
let galleryOutput: string;

beforeAll(async () => {
  model = await writeMatchingEncoder(at('model', 'model.onnx'));
  await writeDataset(at('items'), { perClass: 5, seed: 1 });
  await writeDataset(at('queries'), { perClass: 6, seed: 2 });
  const { stdout } = await succeed(
    ['index', '--data', at('items'), '--model', model, '--sigma', '0.25', '--samples', '200'],
    ['--out', at('gallery'), '--json', '--threads', '1'],
  );
  galleryOutput = stdout;
});

describe('index', () => {
  test('writes a gallery and tells about it', async () => {
    expect(JSON.parse(galleryOutput)).toEqual({
      gallery: at('gallery'),
      items: 20,
      classes: 4,
      dimension: 4,
      sigma: 0.25,
      samples: 200,
      skipped: 0,
    });
    const items = await readFile(at('gallery', 'items.jsonl'), 'utf8');
    const picture = await readFile(at('items', 'ant', '0.png'));
    expect(JSON.parse(items.split('\n')[0])).toEqual({
      id: 'ant/0.png',
      label: 'ant',
      sha256: createHash('sha256').update(picture).digest('hex'),
    });
    const manifest = JSON.parse(await readFile(at('gallery', 'gallery.json'), 'utf8')) as object;
    expect(manifest).toMatchObject({ data: `folder:${at('items')}`, count: 20, sigma: 0.25, samples: 200 });
  });
});

describe('query', () => {
  test('finds the nearest items', async () => {
    const pictures = [at('items', 'bee', '0.png'), at('items', 'cat', '1.png')];
    const { stdout } = await succeed([
      'query',
      '--gallery',
      at('gallery'),
      '--model',
      model,
      '--k',
      '3',
      '--threads',
      '1',
      ...pictures,
    ]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(8);
    expect(lines[0]).toBe(`${pictures[0]}: bee`);
    expect(lines[4]).toBe(`${pictures[1]}: cat`);
    for (const line of [...lines.slice(1, 4), ...lines.slice(5)])
      expect(line).toMatch(/^ {2}[123]\. (ant|bee|cat|dog) {2}\d\.\d{4} {2}\w+\/\d\.png$/);
  });
});

describe('certify', () => {
  let rows: Row[];
  let gallery: string[];

  beforeAll(async () => {
    gallery = ['certify', '--data', at('queries'), '--gallery', at('gallery'), '--model', model];
    await succeed(...gallery, ['--sigma', '0.25', '--samples', '2000', '--out', at('run')]);
    rows = await readRows(at('run'));
  });

  test('writes a row a query, in order, with the documented fields', () => {
    expect(rows.map(({ query }) => query)).toEqual(
      CLASSES.flatMap((name) => Array.from({ length: 6 }, (_, i) => `${name}/${i}.png`)),
    );
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(
        'query label predicted score base duel methods hasPositive nearest margin samples stopped seconds'.split(
          ' ',
        ),
      );
      expect(row.label).toBe(row.query.split('/')[0]);
      expect(row.score).toBe(row.predicted === row.label ? 1 : 0);
      expect(row.predicted).toBe(row.nearest[0].label);
      expect(row.nearest).toHaveLength(5);
      const { label: certified } = row.methods.cdf!;
      const own = row.nearest.find(({ label }) => label === certified);
      const other = row.nearest.find(({ label }) => label !== certified);
      if (own && other) expect(row.margin).toBeCloseTo((other.distance - own.distance) / 2, 12);
      else expect(row.margin! > 0).toBe(own !== undefined);
      expect(row.hasPositive).toBe(true);
      expect(row.samples).toBe(2000);
      expect(Object.keys(row.methods)).toEqual(METHODS);
      for (const found of Object.values(row.methods)) {
        if (found.kind === 'certified') expect(found.radius).toBeGreaterThan(0);
        else expect(found).toMatchObject({ radius: 0, reason: expect.any(String) as string });
      }
    }
    // the dataset is made to have all kinds of queries
    const cdf = rows.map((row) => row.methods.cdf!.kind);
    expect(new Set(cdf)).toEqual(new Set(['certified', 'abstain']));
    expect(new Set(rows.map(({ score }) => score))).toEqual(new Set([0, 1]));
  });

  test('summary.json is what a naive count of the rows gives', async () => {
    const summary = await readSummary(at('run'));
    const share = (of: (row: Row) => number): number => rows.reduce((sum, row) => sum + of(row), 0) / 24;
    expect(summary).toMatchObject({ queries: 24, skipped: 0, withoutPositive: 0, k: 1 });
    expect(summary.recallAt1).toEqual({
      base: share((row) => row.base.score),
      smoothed: share((row) => row.score),
      duel: share((row) => row.duel!.score),
    });
    expect(summary.samples).toEqual({ total: 24 * 2000, perQueryMean: 2000 });
    expect(summary.radii).toEqual(Array.from({ length: 17 }, (_, i) => i / 16));
    for (const method of METHODS) {
      const found = summary.methods[method]!;
      const right = rows.filter((row) => (method === 'duel' ? row.duel! : row).score === 1);
      const radii = right
        .map(({ methods, label }) => (methods[method]!.label === label ? methods[method]!.radius : 0))
        .sort((a, b) => a - b);
      const n = radii.length;
      expect(found.certifiedRecallAt1).toEqual(
        summary.radii.map((r) => radii.filter((x) => x > r).length / 24),
      );
      expect(found.meanRadius).toBeCloseTo(radii.reduce((sum, x) => sum + x, 0) / n, 12);
      expect(found.medianRadius).toBe((radii[Math.floor((n - 1) / 2)] + radii[Math.floor(n / 2)]) / 2);
      expect(found.rejectionRatio).toBe(radii.filter((x) => x === 0).length / n);
      expect(found.counts.score1).toBe(n);
      expect(found.counts.certified).toBe(radii.filter((x) => x > 0).length);
      const abstained = rows.filter((row) => row.methods[method]!.kind === 'abstain').length;
      expect(Object.values(found.counts.abstained).reduce((sum, count) => sum + count, 0)).toBe(abstained);
    }
  });

  test('run.json names what was asked', async () => {
    const { options, environment, radii, format } = JSON.parse(
      await readFile(at('run', 'run.json'), 'utf8'),
    ) as RunManifest;
    expect(format).toBe('retrievalguard-run');
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
    expect(options).toEqual({
      data: `folder:${at('queries')}`,
      dataFingerprint: hash,
      gallery: at('gallery'),
      galleryHash: hash,
      leaveOneOut: false,
      modelHash: hash,
      preprocessingHash: hash,
      sigma: 0.25,
      methods: METHODS,
      gallerySetting: 'deployed',
      k: 1,
      samples: 2000,
      selection: 'auto',
      alpha: 0.001,
      seed: 0,
      pixels: 'input',
      identity: false,
      targetRadius: null,
      timeBudget: null,
      sharedNoise: false,
      provider: 'cpu',
      onnxruntime: expect.any(String) as string,
      noise: NOISE_NAME,
      eta: eta(PIXELS, 0.25),
      secretSeed: null,
    } satisfies RunManifest['options']);
    expect(environment).toMatchObject({
      model,
      gallery: at('gallery'),
      galleryData: `folder:${at('items')}`,
      provider: 'cpu',
      command: ['retrievalguard', ...gallery, '--sigma', '0.25', '--samples', '2000', '--out', at('run')],
    });
    expect(radii).toHaveLength(17);
  });

  test('run again, it only sums up anew: other --radii, the same rows', async () => {
    const before = await readFile(at('run', 'rows.jsonl'), 'utf8');
    const { stdout, stderr } = await succeed(
      ...gallery,
      '--sigma',
      '0.25',
      '--samples',
      '2000',
      '--out',
      at('run'),
      '--json',
      '--radii',
      '0.1,0',
    );
    expect(await readFile(at('run', 'rows.jsonl'), 'utf8')).toBe(before);
    const summary = await readSummary(at('run'));
    expect(summary.radii).toEqual([0, 0.1]);
    expect(JSON.parse(stdout)).toEqual(summary);
    expect(stderr).toContain('resuming: 24 of 24 queries are finished');
  });

  test('--leave-one-out makes the dataset its own gallery; Recall@2 stops early at a target radius', async () => {
    const { stdout } = await succeed(
      ['certify', '--data', at('queries'), '--leave-one-out', '--gallery-samples', '64', '--model', model],
      ['--sigma', '0.25', '--samples', '4000', '--k', '2', '--target-radius', '0.02', '--method', 'cdf'],
      ['--out', at('own'), '--quiet', '--threads', '1'],
    );
    const own = await readRows(at('own'));
    expect(own).toHaveLength(24);
    for (const row of own) {
      expect(row.nearest.map(({ id }) => id)).not.toContain(row.query);
      expect(Object.keys(row.methods)).toEqual(['cdf']);
      expect(row.duel).toBeUndefined();
      expect(row.score).toBe(row.nearest.slice(0, 2).some(({ label }) => label === row.label) ? 1 : 0);
    }
    expect(Math.min(...own.map(({ samples }) => samples))).toBeLessThan(4000);
    expect(stdout).toMatch(
      /^24 queries\. Recall@2: base 0\.\d{4}, smoothed [01]\.\d{4}\n\nmethod +mean radius/,
    );
  });

  test('--leave-one-out with --gallery leaves out the item of the query; items of another dataset are told', async () => {
    const options = ['--gallery', at('gallery'), '--model', model, '--sigma', '0.25', '--samples', '100'];
    const left = await succeed(
      ['certify', '--data', at('items'), '--per-class', '2', ...options, '--leave-one-out'],
      ['--method', 'vote', '--threads', '1', '--out', at('left-out')],
    );
    const rows = await readRows(at('left-out'));
    expect(rows).toHaveLength(8);
    for (const row of rows) expect(row.nearest.map(({ id }) => id)).not.toContain(row.query);
    expect(left.stderr).not.toContain('not in the gallery');
    const strangers = await succeed(
      ['certify', '--data', at('queries'), '--per-class', '6', ...options, '--leave-one-out'],
      ['--method', 'vote', '--threads', '1', '--out', at('strangers')],
    );
    expect(strangers.stderr).toContain('4 of 24 queries are not in the gallery');
  });

  test('query --certify gives the certificates of the row with the same id', async () => {
    const { ended } = await start(
      [
        ['query', '--gallery', at('gallery'), '--model', model, '--certify', 'cdf,duel', '--json'],
        ['--samples', '2000', '--seed', '0', '--threads', '1', '--quiet', 'ant/0.png', 'ant/1.png'],
      ],
      { cwd: at('queries') },
    );
    const { stdout } = await ended;
    const answers = stdout.trimEnd().split('\n');
    expect(answers).toHaveLength(2);
    for (const [i, line] of answers.entries()) {
      const { query, predicted, methods, nearest } = rows[i];
      const { paper: _paper, ...others } = methods;
      expect(JSON.parse(line)).toEqual({
        query,
        predicted,
        nearest,
        samples: 2000,
        stopped: 'samples',
        seconds: expect.any(Number) as number,
        sigma: 0.25,
        alpha: 0.001,
        noise: NOISE_NAME,
        eta: eta(PIXELS, 0.25),
        seed: 0,
        methods: others,
        radii: expect.any(Object) as object,
      });
    }
  });

  test('report makes one HTML file of runs', async () => {
    const { stdout } = await succeed([
      'report',
      at('run'),
      at('own'),
      '--out',
      at('out', 'report.html'),
      '--title',
      'Two <runs>',
    ]);
    expect(stdout).toBe(`${at('out', 'report.html')}\n`);
    const html = await readFile(at('out', 'report.html'), 'utf8');
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).toContain('Two &lt;runs&gt;');
    expect(html).toContain('<svg');
    expect(html).toContain('data:image/jpeg;base64,');
  });

  test('runs from the sources too, its threads as well', async () => {
    const program = ['--import', 'tsx', join(ROOT, 'src', 'cli', 'main.ts')];
    const { ended } = await start(
      [
        ...gallery,
        '--sigma',
        '0.25',
        '--samples',
        '2000',
        '--limit',
        '2',
        '--threads',
        '1',
        '--out',
        at('two'),
      ],
      { program },
    );
    expect((await ended).code).toBe(0);
    const two = await readRows(at('two'));
    const same = untimed(rows).filter(({ query }) => two.some((row) => row.query === query));
    expect(untimed(two)).toEqual(same);
  });
});

describe('the command line itself', () => {
  test('--help of every command lists the options of docs/cli.md', async () => {
    const docs = await readFile(join(ROOT, 'docs', 'cli.md'), 'utf8');
    const { commands } = createProgram();
    expect(commands.map((command) => command.name())).toEqual([
      'train',
      'index',
      'query',
      'certify',
      'attack',
      'audit',
      'report',
      'study',
    ]);
    for (const command of commands) {
      const help = command.helpInformation();
      const section = docs.split(`\n## ${command.name()}\n`)[1].split('\n## ')[0];
      const documented = [...section.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, flag]) => flag);
      const shown = [...help.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag);
      expect(shown).toEqual(documented);
      expect(help).toMatch(new RegExp(`^Usage: retrievalguard ${command.name()} `));
    }
    const { stdout } = await succeed('report', '--help');
    expect(stdout).toBe(commands.find((command) => command.name() === 'report')?.helpInformation());
  });

  test('--version', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect((await succeed('--version')).stdout).toBe(`${version}\n`);
  });

  test('without a command it shows the help and fails', async () => {
    const { code, stderr } = await run();
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: retrievalguard');
  });
});
