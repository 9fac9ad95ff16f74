import { describe, expect, test } from 'vitest';
import { mostSamples, planStudy } from './plan.ts';
import { PRESETS, presetText, readPreset } from './presets.ts';
import { checkStudy, EXPERIMENTS, parseStudy, type StudyInput } from './schema.ts';

const minimal: StudyInput = { models: { mine: { folder: './encoder' } }, sigmas: [0.25] };

/** The message of the error that a study raises. */
function complaint(change: Record<string, unknown>): string {
  try {
    checkStudy({ ...minimal, ...change });
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the study was accepted');
}

describe('a study file', () => {
  test('has defaults for all but models and sigmas', () => {
    const study = checkStudy(minimal);
    expect(study.experiments).toEqual(EXPERIMENTS);
    expect(study.sampling).toEqual({
      selection: 512,
      counts: [1_000, 10_000],
      alpha: 0.001,
      alphas: [1e-4, 0.001, 0.01, 0.1],
      sharedNoise: false,
    });
    expect(study.gallery).toEqual({ samples: 256, setting: 'deployed' });
    // what it writes is a study again
    expect(checkStudy(JSON.parse(JSON.stringify(study)))).toEqual(study);
  });

  test.each([
    [{ sigma: [0.25] }, /unrecognized key.*"sigma"/i],
    [{ sigmas: [0.5, 0.25] }, /'sigmas': expected ascending numbers/],
    [{ sigmas: [0] }, /'sigmas\.0'/],
    [{ sigmas: undefined }, /'sigmas'/],
    [{ sampling: { counts: [100.5] } }, /'sampling\.counts\.0'/],
    [{ sampling: { alpha: 1 } }, /'sampling\.alpha'/],
    [{ sampling: { count: [100] } }, /'sampling'.*"count"/],
    [{ models: { mine: {} } }, /'models\.mine': expected either 'noise' .* or 'folder'/],
    [{ models: { mine: { folder: 'x', noise: 0 } } }, /'models\.mine'/],
    [{ models: {} }, /'models': expected at least one model/],
    [{ models: { 'a/b': { noise: 0 } } }, /'models\.a\/b'/],
    [{ methods: ['guess'] }, /'methods': expected some of paper, .*; got \["guess"\]/],
    [{ experiments: ['everything'] }, /'experiments\.0'/],
    [{ reference: { sigma: 1 } }, /'reference\.sigma': expected one of sigmas \(0\.25\); got 1/],
    [
      { reference: { models: ['his'] } },
      /'reference\.models\.0': expected one of the models mine; got 'his'/,
    ],
    [{ training: { batch: 10, imagesPerClass: 4 } }, /'training\.batch': expected a multiple/],
    [{ training: { backbone: 'resnet9' } }, /'training\.backbone': expected conv4, resnet18, resnet50/],
    [{ ks: [2, 2] }, /'ks': expected ascending/],
  ])('%j is refused, naming the key', (change, message) => {
    expect(complaint(change)).toMatch(message);
    expect(complaint(change)).toMatch(/^OPTION_INVALID/);
  });

  test('is YAML or JSON; a mistake of syntax names its line', () => {
    expect(parseStudy(JSON.stringify(minimal))).toEqual(checkStudy(minimal));
    expect(parseStudy('models: { mine: { folder: ./encoder } }\nsigmas: [0.25] # one\n')).toEqual(
      checkStudy(minimal),
    );
    expect(() => parseStudy('models: [\n', 'my.yaml')).toThrow(/my\.yaml to be YAML or JSON.*line/);
    expect(() => parseStudy('', 'my.yaml')).toThrow(/my\.yaml/);
  });

  test.each(PRESETS)('the preset %s is one', async (preset) => {
    const study = await readPreset(preset);
    expect(await presetText(preset)).toContain('sigmas:');
    expect(Object.keys(study.models)).toEqual(['DML', 'GDML']);
  });

  test("the paper's preset has the paper's settings", async () => {
    const { sigmas, dimension, sampling, gallery, training } = await readPreset('paper');
    expect({ sigmas, dimension, alpha: sampling.alpha, most: sampling.counts.at(-1) }).toEqual({
      sigmas: [0.1, 0.25, 0.5, 1],
      dimension: 128,
      alpha: 0.01,
      most: 100_000,
    });
    expect(gallery.setting).toBe('estimated');
    expect(training).toMatchObject({
      loss: 'margin',
      epochs: 100,
      learningRate: 1e-5,
      milestones: [30, 55, 75],
    });
  });
});

describe('the plan of a study', () => {
  const study = checkStudy({
    models: { DML: { noise: 0 }, GDML: { noise: 'match' } },
    sigmas: [0.25, 0.5],
    reference: { sigma: 0.5 },
    dimensions: { values: [64, 128], models: ['GDML'] },
    sampling: { counts: [100, 1000], alpha: 0.01, alphas: [0.01, 0.1] },
    ks: [1, 4],
  });

  test('trains each model once and samples each model and σ once', () => {
    const { models, runs } = planStudy(study);
    expect(models.map(({ id }) => id)).toEqual([
      'DML-s0-d128',
      'GDML-s0.25-d128',
      'GDML-s0.5-d128',
      'GDML-s0.5-d64',
    ]);
    expect(runs.map(({ id }) => id)).toEqual([
      'DML-s0-d128-at-0.25',
      'GDML-s0.25-d128-at-0.25',
      'DML-s0-d128-at-0.5',
      'GDML-s0.5-d128-at-0.5',
      'GDML-s0.5-d64-at-0.5',
    ]);
  });

  test('sweeps are cells of the runs at the reference, with the same samples as the rest', () => {
    const { runs } = planStudy(study);
    for (const run of runs)
      expect(Math.max(...run.cells.map(({ samples }) => samples))).toBe(mostSamples(study));
    const swept = runs.filter(({ looks }) => looks).map(({ id }) => id);
    expect(swept).toEqual(['DML-s0-d128-at-0.5', 'GDML-s0.5-d128-at-0.5']);
    const [reference] = runs.filter(({ looks }) => looks);
    expect(reference.cells).toEqual([
      { samples: 100, alpha: 0.01, k: 1 },
      { samples: 1000, alpha: 0.01, k: 1 },
      { samples: 1000, alpha: 0.1, k: 1 },
      { samples: 1000, alpha: 0.01, k: 4 },
    ]);
  });

  test('a model that exists is one for all σ and dimensions unless its folder names them', () => {
    const models = { one: { folder: 'a' }, many: { folder: 'b-{sigma}-{dim}' } };
    const { runs } = planStudy(
      checkStudy({ ...study, models, reference: {}, dimensions: { values: [8, 128] } }),
    );
    expect(new Set(runs.map(({ model }) => model.folder))).toEqual(
      new Set(['a', 'b-0.25-128', 'b-0.5-128', 'b-0.25-8']),
    );
  });

  test('formulas need no run', () => {
    expect(planStudy({ ...study, experiments: ['lipschitz'] }).runs).toEqual([]);
    const dims = planStudy({ ...study, experiments: ['dimension'] }).runs;
    expect(dims.map(({ id }) => id)).toEqual(['GDML-s0.5-d64-at-0.5', 'GDML-s0.5-d128-at-0.5']);
  });
});
