/**
 * The whole command line with --pixels file against radii that are known in closed form, and against attacks that change the files.
 *
 * The encoder looks at a picture x only through the sign of ⟨w,x⟩ − c, ‖w‖ = 1, and x = A f: 32 × 32 files, resized to 8 × 8. Its smoothed
 * answers change at ⟨w,x⟩ = c, which is ⟨Aᵀw,f⟩ = c: the true radius of a file is d/‖Aᵀw‖, d = |⟨w,A f⟩ − c|. With w the direction that A
 * stretches most, ‖Aᵀw‖ = ‖A‖ and no other encoder has a smaller one.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AttackRow, inFile, type Row } from '../../src/evaluate/index.ts';
import { decodeFile, FileMap, type Preprocessing } from '../../src/image/index.ts';
import { Random } from '../helpers/random.ts';
import {
  PIXELS,
  readRows,
  readSummary,
  run,
  SIDE,
  succeed,
  temporary,
  writeDataset,
  writeEncoder,
  writeMatchingEncoder,
  writePng,
} from './support.ts';

const FILE = 32;
const SIGMA = 0.25;
const preprocessing: Preprocessing = {
  channels: 3,
  height: SIDE,
  width: SIDE,
  resize: { kind: 'exact', height: SIDE, width: SIDE },
  resample: 'bilinear',
  centerCrop: null,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  unrounded: true,
};
const map = new FileMap({ width: FILE, height: FILE, channels: 3 }, preprocessing);
const at = temporary();

/** The direction of files that A stretches most, as planes, and what A makes of it: both of norm 1. */
function mostStretched(): { v: Float64Array; w: Float64Array; gain: number } {
  const unit = (values: Float64Array): Float64Array => {
    const norm = Math.hypot(...values);
    return values.map((value) => value / norm);
  };
  let v = unit(Float64Array.from({ length: 3 * FILE * FILE }, (_, i) => Math.sin(i) + 0.1));
  let image = new Float64Array();
  // small about grey, where nothing is clipped
  const grey = map.apply(new Float64Array(v.length).fill(127.5));
  for (let step = 0; step < 60; step++) {
    image = Float64Array.from(map.apply(v.map((x) => 127.5 + 255 * x)), (x, i) => x - grey[i]);
    v = unit(map.pullBack(image));
  }
  const planes = Float64Array.from(v, (_, i) => v[3 * (i % FILE ** 2) + Math.floor(i / FILE ** 2)]);
  return { v: planes, w: unit(image), gain: Math.hypot(...image) };
}

const { v, w, gain } = mostStretched();
const c = w.reduce((sum, x) => sum + 0.5 * x, 0);

test('the bound of the norm is within 2% of what the worst direction gains', () => {
  expect(map.norm).toBeGreaterThanOrEqual(gain);
  expect(map.norm / gain).toBeLessThan(1.02);
  expect(1 / gain).toBeGreaterThan(3.3);
});

describe('an encoder that sees the worst direction', () => {
  let rows: Row[];
  let options: string[];

  beforeAll(async () => {
    for (const [i, offset] of [-4, -2.6, 2.6, 4].entries())
      await writePng(
        at('items', offset < 0 ? 'left' : 'right', `${i}.png`),
        v.map((x) => 0.5 + offset * x),
        FILE,
      );
    for (const [i, offset] of [-1.5, -0.9, 0.8, 1.2, 1.9].entries())
      await writePng(
        at('queries', offset < 0 ? 'left' : 'right', `${i}.png`),
        v.map((x) => 0.5 + offset * x),
        FILE,
      );
    const model = await writeEncoder(at('sign.onnx'), 2, (g, flat) => {
      const product = g.op('MatMul', [flat, g.constant(Float32Array.from(w), [PIXELS, 1])]);
      const sign = g.op('Sign', [g.op('Sub', [product, g.float32(c)])]);
      const never0 = g.op('Sign', [g.op('Add', [sign, g.float32(0.5)])]);
      return g.op('Mul', [never0, g.constant(Float32Array.of(1, 0), [1, 2])]);
    });
    options = ['--model', model, '--quiet'];
    await succeed(
      ['index', '--data', at('items'), ...options, '--samples', '0', '--pixels', 'file'],
      ['--out', at('gallery')],
    );
    await succeed(
      ['certify', '--data', at('queries'), '--gallery', at('gallery'), ...options, '--pixels', 'file'],
      ['--sigma', `${SIGMA}`, '--samples', '50000', '--alpha', '0.01', '--share-noise'],
      ['--method', 'cdf,vote,duel', '--out', at('run')],
    );
    rows = await readRows(at('run'));
  });

  test('no radius in the file is beyond the truth, and those of votes and duels come near', async () => {
    expect(rows).toHaveLength(5);
    for (const row of rows) {
      const { data } = await decodeFile(at('queries', row.query));
      const d = Math.abs(map.apply(data).reduce((sum, x, i) => sum + x * w[i], -c));
      expect(row.file).toMatchObject({ width: FILE, height: FILE, channels: 3, norm: map.norm });
      expect(row.file!.error).toBe(map.error);
      for (const method of ['cdf', 'vote', 'duel'] as const) {
        const { kind, label, radius } = row.methods[method]!;
        expect({ kind, label }).toEqual({ kind: 'certified', label: row.label });
        expect(radius).toBeLessThan(d);
        const file = inFile(radius, row.file!);
        expect(file).toBeLessThan(d / gain);
        expect(file / (d / gain)).toBeGreaterThan(0.96);
        expect(file).toBeGreaterThan(3 * radius);
      }
    }
  });

  test('the summary has both radii, each under its name', async () => {
    const { duel } = (await readSummary(at('run'))).methods;
    const mean = rows.reduce((sum, { methods, file }) => sum + inFile(methods.duel!.radius, file!), 0) / 5;
    expect(duel!.meanFileRadius).toBeCloseTo(mean, 12);
    expect(duel!.meanFileRadius! / duel!.meanRadius!).toBeCloseTo(1 / map.norm, 3);
  });

  test('query says the same, in words too', async () => {
    const [row] = rows;
    const { stdout } = await succeed(
      ['query', '--gallery', at('gallery'), ...options, '--pixels', 'file', '--sigma', `${SIGMA}`],
      ['--samples', '2000', '--json', '--certify=duel', at('queries', row.query)],
    );
    const { radii } = JSON.parse(stdout) as {
      radii: { duel: Record<'input' | 'file', Record<string, number | string>> };
    };
    const { input, file } = radii.duel;
    expect(input).toMatchObject({ width: SIDE, height: SIDE });
    expect(file).toMatchObject({ width: FILE, height: FILE });
    expect(file.radius).toBeCloseTo((Number(input.radius) - 2 * map.error) / map.norm, 9);
    expect(file.greyLevels).toBeCloseTo((255 * Number(file.radius)) / Math.sqrt(3 * FILE ** 2), 9);
    expect(file.ofContrast).toBeCloseTo(Number(file.radius) / row.file!.contrast, 9);
    expect(file.text).toMatch(/grey levels a pixel if spread evenly, .*% of the picture's contrast/);
  });

  test('the page names both radii', async () => {
    await succeed(['report', at('run'), '--out', at('page.html')]);
    const page = await readFile(at('page.html'), 'utf8');
    expect(page).toContain('Mean in the file');
    expect(page).toContain('in the model&#39;s input (8×8)');
    expect(page).toContain('in the file&#39;s pixels (32×32)');
  });

  test('a gallery of rounded pictures is another model, and so is one without rounding', async () => {
    await succeed(['index', '--data', at('items'), ...options, '--samples', '0', '--out', at('rounded')]);
    for (const [gallery, pixels] of [
      ['rounded', 'file'],
      ['gallery', 'input'],
    ]) {
      const { code, stderr } = await run(
        ['query', '--gallery', at(gallery), ...options, '--pixels', pixels, '--sigma', `${SIGMA}`],
        [at('queries', rows[0].query)],
      );
      expect(code).not.toBe(0);
      expect(stderr).toContain('another smoothed model');
    }
  });
});

describe('attacks on the files', () => {
  const json = async (name: string): Promise<AttackRow[]> =>
    (await readFile(join(at(name), 'rows.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AttackRow);

  test('find nothing inside a certified radius, and much beyond it', async () => {
    const model = await writeMatchingEncoder(at('matching.onnx'));
    await writeDataset(at('small'), { perClass: 2, seed: 3, mostMixed: 0.3 });
    const random = new Random(5);
    for (const label of ['ant', 'bee', 'cat', 'dog'])
      for (const i of [0, 1]) {
        // each pixel four times as wide and high, and a little different each time
        const { data } = await decodeFile(at('small', label, `${i}.png`));
        const planes = Float64Array.from({ length: 3 * FILE ** 2 }, (_, p) => {
          const [channel, y, x] = [Math.floor(p / FILE ** 2), Math.floor((p % FILE ** 2) / FILE), p % FILE];
          return data[3 * (SIDE * (y >> 2) + (x >> 2)) + channel] / 255 + 0.02 * random.normal();
        });
        await writePng(at('large', label, `${i}.png`), planes, FILE);
      }
    const common = ['--data', at('large'), '--leave-one-out', '--model', model, '--pixels', 'file'];
    await succeed(
      ['certify', ...common, '--sigma', `${SIGMA}`, '--samples', '4000', '--method', 'duel', '--quiet'],
      ['--out', at('certified')],
    );
    const certified = await readRows(at('certified'));
    const radii = new Map(
      certified.map(({ query, methods, file }) => [query, inFile(methods.duel!.radius, file!)]),
    );
    const positive = [...radii.values()].filter((radius) => radius > 0);
    expect(positive.length).toBeGreaterThan(4);
    const within = 0.99 * Math.min(...positive);
    const beyond = 4 * Math.max(...positive);
    await succeed(
      ['attack', ...common, '--sigma', `${SIGMA}`, '--system', 'duel', '--radius', `${within},${beyond}`],
      ['--attack', 'pgd', '--steps', '12', '--samples', '16', '--judge-samples', '1000', '--seed', '3'],
      ['--quiet', '--out', at('attacked')],
    );
    let broken = 0;
    for (const { query, holds, smallest } of await json('attacked')) {
      if (radii.get(query)! > 0) expect(holds[0]).toBe(1);
      if (!smallest) continue;
      broken++;
      expect(smallest.norm).toBeGreaterThan(radii.get(query)!);
      expect(smallest.norm).toBeLessThanOrEqual(beyond);
    }
    expect(broken).toBeGreaterThan(4);
    // an audit opens the model as the run did
    const { stdout } = await succeed(
      ['audit', at('certified'), '--limit', '2', '--steps', '4', '--judge-samples', '500', '--quiet'],
      ['--out', at('audited')],
    );
    expect(stdout).toContain('attacked inside their radius: 0 counterexamples');
  });

  test('on the undefended encoder keep to the pixels of the file, by every attack', async () => {
    const model = await writeMatchingEncoder(at('matching.onnx'));
    await succeed(
      ['attack', '--data', at('large'), '--leave-one-out', '--model', model, '--pixels', 'file', '--quiet'],
      ['--radius', '0.5,8', '--attack', 'pgd,cw,search', '--steps', '8', '--out', at('base')],
    );
    const rows = await json('base');
    expect(rows.some(({ smallest }) => smallest !== null && smallest.norm <= 8)).toBe(true);
    const shown = rows.find(({ smallest }) => smallest?.pictures)?.smallest?.pictures;
    const { width, height } = await decodeFile(join(at('base'), shown!.perturbed));
    expect([width, height]).toEqual([FILE, FILE]);
  });
});
