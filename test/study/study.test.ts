/** Whole studies at a tiny scale, on threads replaced by one sampler in this process, so that every call of the encoder is counted. */
import { appendFile, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadImage } from '../../src/image/index.ts';
import { openDataset } from '../../src/datasets/index.ts';
import { openGallery } from '../../src/gallery/index.ts';
import { radiusOf } from '../../src/certify/index.ts';
import { Smoother } from '../../src/smoothing/index.ts';
import type { Sampler as OneThread } from '../../src/smoothing/sampler.ts';
import type { NewTask } from '../../src/smoothing/sampling-pool.ts';
import type { ScanSet, TaskOutcome, WorkerSetup } from '../../src/smoothing/protocol.ts';
import type { SharedGallery } from '../../src/smoothing/shared-gallery.ts';
import {
  checkStudy,
  makeTables,
  runStudy,
  type StudyInput,
  type StudyResult,
  type StudyRow,
  StudyView,
  writeStudy,
} from '../../src/study/index.ts';
import { temporary, writeDataset, writeMatchingEncoder } from '../cli/support.ts';

/** Images that samplers had encoded. */
const encoded = vi.hoisted(() => ({ images: 0 }));

vi.mock('../../src/smoothing/sampling-pool.ts', async (original) => {
  const { Sampler } = await import('../../src/smoothing/sampler.ts');
  const { EncoderSession } = await import('../../src/encoder/index.ts');
  return {
    ...(await original<object>()),
    SamplingPool: class {
      readonly threads = 1;
      readonly sampler: OneThread;
      queue: Promise<unknown> = Promise.resolve();
      cancelled = false;
      constructor(sampler: OneThread) {
        this.sampler = sampler;
      }
      static async open(setup: WorkerSetup) {
        return new this(await Sampler.open(setup));
      }
      setGallery(scan: ScanSet | SharedGallery): void {
        this.queue = this.queue.then(() => this.sampler.setGallery(scan));
      }
      run(task: NewTask): Promise<TaskOutcome[]> {
        const outcome = this.queue.then(async () => {
          const run = vi.spyOn(EncoderSession.prototype, 'run');
          try {
            return await this.sampler.run({ ...task, id: 0 }, () => this.cancelled);
          } finally {
            encoded.images += run.mock.calls.reduce((sum, [, count]) => sum + count, 0);
            run.mockRestore();
          }
        });
        this.queue = outcome.catch(() => {});
        return outcome;
      }
      cancel(): void {
        this.cancelled = true;
      }
      async close(): Promise<void> {
        await this.queue;
        await this.sampler.release();
      }
    },
  };
});

const at = temporary();
let base: StudyInput;
const GALLERY = 24;
const QUERIES = 8;

beforeAll(async () => {
  await writeMatchingEncoder(at('model.onnx'));
  await writeDataset(at('items'), { perClass: GALLERY / 4, seed: 3 });
  base = {
    data: { test: at('items'), queries: QUERIES },
    models: { tiny: { folder: at('model.onnx') } },
    sigmas: [0.25],
    gallery: { samples: 16 },
    sampling: { selection: 64, counts: [100, 400, 1000], alpha: 0.01, alphas: [0.001, 0.01, 0.1] },
    ks: [1, 2],
    radii: [0, 0.5],
    targets: [0.25, 0.5, 1],
  };
});

beforeEach(() => {
  encoded.images = 0;
});

const run = async (study: StudyInput, out: string, signal?: AbortSignal, onRow?: (done: number) => void) =>
  (await runStudy({
    study: checkStudy(study),
    out,
    batch: 16,
    signal,
    onEvent: (event) => {
      if (event.kind === 'run' && event.event.kind === 'row') onRow?.(event.event.done);
    },
  }))!;

const untimed = (rows: readonly StudyRow[]) => rows.map(({ seconds: _seconds, ...row }) => row);

describe('a study', () => {
  let result: StudyResult;
  let calls = 0;
  beforeAll(async () => {
    encoded.images = 0;
    result = await run(base, at('whole'));
    calls = encoded.images;
  });

  test('sweeps over n, alpha, k and early stopping call the encoder not once more', async () => {
    // selection, the largest n, and the clean query; for the gallery its samples and the clean picture
    expect(calls).toBe(QUERIES * (64 + 1000 + 1) + GALLERY * (16 + 1));
    expect(result.runs[0].rows[0].sweep.cells).toHaveLength(3 + 2 + 1);
    expect(result.runs[0].rows[0].sweep.looks.length).toBeGreaterThan(3);
    await run(
      { ...base, experiments: ['radius'], sampling: { ...base.sampling, counts: [1000] } },
      at('without-sweeps'),
    );
    expect(encoded.images).toBe(calls);
  });

  test('each certificate is the one of a run of its own', async () => {
    const smoother = await Smoother.open(at('model.onnx'), { batch: 16 });
    const gallery = await (await openGallery(at('whole', 'runs', 'tiny-at-0.25', 'gallery'))).load();
    await smoother.setGallery(gallery);
    const dataset = await openDataset(at('items'));
    for (const row of result.runs[0].rows.slice(0, 5)) {
      const item = dataset.items.find(({ id }) => id === row.query)!;
      const position = gallery.labelNames.indexOf(row.label);
      const query = {
        id: row.query,
        pixels: await loadImage(await item.read(), smoother.info.preprocessing),
        exclude: gallery.ids.indexOf(row.query),
        label: position,
      };
      for (const cell of row.sweep.cells) {
        const own = await smoother.certifyOnce(query, {
          sigma: 0.25,
          selection: 64,
          alpha: cell.alpha,
          k: cell.k,
          stopping: { exactly: cell.samples },
          gallerySamples: 16,
        });
        for (const [method, radius] of Object.entries(cell.radii)) {
          const certificate = own.certificates[method as 'cdf']!;
          expect(radius).toBe(certificate.label === position ? radiusOf(certificate) : 0);
        }
        expect(cell.vote).toBe(own.votePredicted === position ? 1 : 0);
        expect(cell.duel).toBe(own.duelPredicted === position ? 1 : 0);
        expect(cell.rank === 1).toBe(own.predicted === position);
      }
    }
    await smoother.close();
  });

  test('early stopping spends what a run with that target spends', async () => {
    const one = await run({ ...base, targets: [0.5] }, at('one-target'));
    const smoother = await Smoother.open(at('model.onnx'), { batch: 16 });
    const gallery = await (await openGallery(at('whole', 'runs', 'tiny-at-0.25', 'gallery'))).load();
    await smoother.setGallery(gallery);
    const dataset = await openDataset(at('items'));
    const target = 0.5 * 0.25;
    let early = 0;
    for (const row of one.runs[0].rows) {
      const item = dataset.items.find(({ id }) => id === row.query)!;
      const own = await smoother.certifyOnce(
        {
          id: row.query,
          pixels: await loadImage(await item.read(), smoother.info.preprocessing),
          exclude: gallery.ids.indexOf(row.query),
          label: gallery.labelNames.indexOf(row.label),
        },
        {
          sigma: 0.25,
          selection: 64,
          alpha: 0.01,
          methods: ['paper', 'cdf'],
          stopping: { radius: target, samples: 1000 },
        },
      );
      const stop = row.sweep.looks.find(({ radii }) => radii.cdf! >= target) ?? row.sweep.looks.at(-1)!;
      expect(stop.samples).toBe(own.samples);
      if (own.samples < 1000) early++;
    }
    expect(early).toBeGreaterThan(0);
    await smoother.close();
  });

  test('stopped, torn and resumed it has the rows of one that was not', async () => {
    const controller = new AbortController();
    const stopped = run(base, at('resumed'), controller.signal, (done) => {
      if (done === 3) controller.abort();
    });
    await expect(stopped).rejects.toThrow(/CANCELLED/);
    const journal = at('resumed', 'runs', 'tiny-at-0.25', 'rows.jsonl');
    const text = await readFile(journal, 'utf8');
    expect(text.split('\n').length - 1).toBeLessThan(QUERIES);
    await truncate(journal, Buffer.byteLength(text) - 40); // killed while it wrote
    await appendFile(journal, '');
    const resumed = await run(base, at('resumed'));
    expect(untimed(resumed.runs[0].rows)).toEqual(untimed(result.runs[0].rows));
    encoded.images = 0;
    await run(base, at('resumed'));
    expect(encoded.images).toBe(0); // what is finished is not run again
  });

  test('a folder belongs to one study', async () => {
    await expect(run({ ...base, seed: 7 }, at('whole'))).rejects.toThrow(/RUN_MISMATCH.*study\.seed/);
    await expect(run({ ...base, title: 'Another title', radii: [0, 1] }, at('whole'))).resolves.toBeTruthy();
  });

  test('the estimate counts the samples that are then drawn', async () => {
    let estimated = 0;
    await runStudy({
      study: checkStudy(base),
      out: at('dry'),
      dryRun: true,
      onEvent: (event) => {
        if (event.kind === 'estimate') estimated = event.estimate.samples;
      },
    });
    expect(estimated).toBe(calls);
    await expect(readdir(at('dry'))).rejects.toThrow(/ENOENT/); // nothing is written
  });

  test('tables are what the rows say, counted anew', async () => {
    const out = at('whole');
    const tables = makeTables(new StudyView(result));
    const text = await readFile(join(out, 'runs', 'tiny-at-0.25', 'rows.jsonl'), 'utf8');
    const rows = text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as StudyRow);
    const table = (name: string) => tables.find((one) => one.name === name)!;
    const cellsOf = (samples: number, alpha: number, k = 1) =>
      rows.map(
        (row) => row.sweep.cells.find((c) => c.samples === samples && c.alpha === alpha && c.k === k)!,
      );

    for (const [model, method, samples, alpha, rejected, , at0, atHalf] of table('samples').rows) {
      const cells = cellsOf(Number(samples), Number(alpha));
      const right = cells.filter((c) => (method === 'duel' ? c.duel === 1 : c.rank === 1));
      const radius = (c: (typeof cells)[number]): number => c.radii[method as 'cdf']!;
      expect(model).toBe('tiny');
      expect(rejected).toBe(right.filter((c) => radius(c) === 0).length / right.length);
      expect(at0).toBe(cells.filter((c) => radius(c) > 0).length / QUERIES);
      expect(atHalf).toBe(cells.filter((c) => radius(c) > 0.125).length / QUERIES);
    }
    for (const [, k, undefended, smoothed, , , cdf0] of table('recall-at-k').rows) {
      const cells = cellsOf(1000, 0.01, Number(k));
      expect(undefended).toBeCloseTo(
        rows.filter((row) => row.sweep.baseRank <= Number(k)).length / QUERIES,
        12,
      );
      expect(smoothed).toBe(cells.filter((c) => c.rank <= Number(k)).length / QUERIES);
      const bisector = table('recall-at-k').columns.findIndex(({ name }) => name === 'cdf, beyond 0');
      expect(table('recall-at-k').rows.find((r) => r[1] === k)![bisector]).toBe(
        cells.filter((c) => c.radii.cdf! > 0).length / QUERIES,
      );
      expect(cdf0).toBeTypeOf('number');
    }
    for (const [, , radius, cdf, limit] of table('comparison').rows) {
      const thousand = cellsOf(1000, 0.01);
      expect(cdf).toBe(thousand.filter((c) => c.radii.cdf! > Number(radius)).length / QUERIES);
      expect(limit).toBe(rows.filter((row) => row.sweep.limits.paper > Number(radius)).length / QUERIES);
    }
    for (const { radii } of cellsOf(1000, 0.01)) {
      // in the deployed setting the paper's certificate never exceeds its own limit
      const row = rows.find((one) => one.sweep.cells.some((c) => c.radii === radii))!;
      expect(radii.paper).toBeLessThanOrEqual(row.sweep.limits.paper);
    }
  });

  test('figures are whole pictures, the page is one file', async () => {
    const out = at('whole');
    const { figures, report } = await writeStudy(result, out);
    expect(figures).toHaveLength(9); // all but that of the dimension: one model that exists has one
    for (const file of figures) {
      const { width, height } = await sharp(file.replace(/svg$/, 'png')).metadata();
      expect(width).toBeGreaterThan(1000);
      expect(height).toBeGreaterThan(500);
      expect(await readFile(file, 'utf8')).not.toMatch(/NaN|undefined|Infinity/);
    }
    const page = await readFile(report, 'utf8');
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)|<link/);
    expect(page.match(/<figure>/g)).toHaveLength(figures.length);
    expect(page).toContain('\nsigmas:\n'); // its settings, a line each
  });
});

test('the figure of the radius draws the shares of the rows', async () => {
  const result = await run(base, at('whole'));
  const { bandedCurve } = await import('../../src/study/figures/radius.ts');
  const { recallCurve } = await import('../../src/study/statistics.ts');
  const view = new StudyView(result);
  const { rows } = view.run('tiny');
  for (const { x, y, low, high } of bandedCurve(recallCurve(rows, view.main, 'cdf'), rows.length)) {
    const beyond = rows.filter(
      (row) =>
        row.sweep.cells.find((c) => c.samples === 1000 && c.alpha === 0.01 && c.k === 1)!.radii.cdf! > x,
    );
    expect(y).toBe(beyond.length / rows.length);
    expect(low!).toBeLessThanOrEqual(y);
    expect(high!).toBeGreaterThanOrEqual(y);
  }
});

test('a study that trains: models in its folder, kept for the next call', async () => {
  await writeDataset(at('train'), { perClass: 6, seed: 5 });
  const study: StudyInput = {
    ...base,
    data: { ...base.data, train: at('train'), queries: 4 },
    models: { GDML: { noise: 'match' } },
    training: {
      backbone: 'conv4',
      height: 16,
      width: 16,
      channels: 3,
      epochs: 1,
      batch: 16,
      imagesPerClass: 4,
    },
    experiments: ['methods', 'dimension'],
    dimension: 8,
    dimensions: { values: [4, 8] },
    sampling: { selection: 64, counts: [200], alpha: 0.01 },
  };
  const result = await run(study, at('trained'));
  expect((await readdir(at('trained', 'models'))).sort()).toEqual(['GDML-s0.25-d4', 'GDML-s0.25-d8']);
  const tables = makeTables(new StudyView(result));
  expect(tables.find(({ name }) => name === 'dimension')!.rows.map(([, dimension]) => dimension)).toContain(
    4,
  );
  await rm(at('trained', 'runs'), { recursive: true });
  const again = await run(study, at('trained'));
  expect(again.runs.map(({ rows }) => untimed(rows))).toEqual(result.runs.map(({ rows }) => untimed(rows)));
  await expect(run({ ...study, data: { test: at('items') } }, at('nothing'))).rejects.toThrow(
    /'data\.train'/,
  );
});
