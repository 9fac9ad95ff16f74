/** From a study to the work it needs: which models, which runs, and what is computed from the counters of each run. */
import { RetrievalGuardError } from '../errors.ts';
import { type Cell, cellKey } from '../evaluate/index.ts';
import type { Experiment, Study } from './schema.ts';

/** A model of a study: one to train, or one that exists. */
export interface StudyModel {
  /** Names its folder: 'GDML-s0.25-d128', or the name alone for a model that exists. */
  id: string;
  /** Its name in the study. */
  name: string;
  /** Standard deviation of the training noise in pixels of [0,1]; null for a model that exists. */
  noise: number | null;
  /** Size of its embedding as asked for; null for a model that exists, which says so itself. */
  dimension: number | null;
  /** Folder of a model that exists; null for one to train. */
  folder: string | null;
}

/** One pass over the queries: one model at one σ. */
export interface StudyRun {
  id: string;
  model: StudyModel;
  /** Of the certificates, in pixels of [0,1]. */
  sigma: number;
  /** The certificates made of its counters. */
  cells: Cell[];
  /** Whether early stopping is evaluated too. */
  looks: boolean;
}

/** The σ and the models of everything that is not drawn for each σ. */
export interface Reference {
  sigma: number;
  models: string[];
}

/** The reference of a study: by default the middle σ and all models. */
export function referenceOf(study: Study): Reference {
  const { sigma = study.sigmas[(study.sigmas.length - 1) >> 1], models = Object.keys(study.models) } =
    study.reference;
  return { sigma, models };
}

/** The largest number of samples: where everything that does not vary it looks. */
export const mostSamples = (study: Study): number => study.sampling.counts[study.sampling.counts.length - 1];

/** Every model and run that a study needs, each once. */
export function planStudy(study: Study): { models: StudyModel[]; runs: StudyRun[] } {
  const reference = referenceOf(study);
  const runs = new Map<string, StudyRun>();
  const models = new Map<string, StudyModel>();
  const wants = (...experiments: Experiment[]): boolean =>
    experiments.some((one) => study.experiments.includes(one));
  const add = (name: string, sigma: number, dimension: number): void => {
    const planned = modelOf(study, name, sigma, dimension);
    // folders of names that differ in case alone are one folder on some disks
    const model = models.get(planned.id.toLowerCase()) ?? planned;
    if (model.name !== planned.name || model.folder !== planned.folder) {
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'models whose runs have different names',
        got: `'${model.name}' and '${planned.name}', which both make '${planned.id}'`,
        fix: 'Rename one of them in the study.',
      });
    }
    models.set(model.id.toLowerCase(), model);
    const id = `${model.id}-at-${sigma}`;
    if (runs.has(id)) return;
    const swept =
      sigma === reference.sigma && dimension === study.dimension && reference.models.includes(name);
    runs.set(id, {
      id,
      model,
      sigma,
      cells: cellsOf(study, swept),
      looks: swept && wants('cost'),
    });
  };
  const everySigma = wants('radius', 'methods') ? study.sigmas : [reference.sigma];
  const everyModel = wants('radius', 'methods') ? Object.keys(study.models) : reference.models;
  if (study.experiments.some((one) => one !== 'lipschitz' && one !== 'dimension')) {
    for (const sigma of everySigma) for (const name of everyModel) add(name, sigma, study.dimension);
  }
  for (const { name, dimension } of dimensionModels(study)) add(name, reference.sigma, dimension);
  return { models: [...models.values()], runs: [...runs.values()] };
}

/** What the experiment on dimensions varies. A model that exists takes part where its folder's name depends on {dim}. */
export function dimensionModels(study: Study): { name: string; dimension: number }[] {
  if (!study.experiments.includes('dimension')) return [];
  const { values = [study.dimension], models = Object.keys(study.models) } = study.dimensions;
  return models
    .filter((name) => study.models[name].folder?.includes('{dim}') ?? true)
    .flatMap((name) => values.map((dimension) => ({ name, dimension })));
}

/** The model of this name for a σ and a dimension. */
export function modelOf(study: Study, name: string, sigma: number, dimension: number): StudyModel {
  const { noise, folder } = study.models[name];
  if (folder !== undefined) {
    const path = folder.replaceAll('{sigma}', String(sigma)).replaceAll('{dim}', String(dimension));
    const id = [
      name,
      ...(folder.includes('{sigma}') ? [`s${sigma}`] : []),
      ...(folder.includes('{dim}') ? [`d${dimension}`] : []),
    ].join('-');
    return { id, name, noise: null, dimension: null, folder: path };
  }
  const trained = noise === 'match' ? sigma : noise!;
  return { id: `${name}-s${trained}-d${dimension}`, name, noise: trained, dimension, folder: null };
}

/** The run of a model at a σ and a dimension: its name in {@link planStudy}. */
export function runId(study: Study, name: string, sigma: number, dimension = study.dimension): string {
  return `${modelOf(study, name, sigma, dimension).id}-at-${sigma}`;
}

function cellsOf(study: Study, swept: boolean): Cell[] {
  const { counts, alpha, alphas } = study.sampling;
  const most = mostSamples(study);
  const cells: Cell[] = counts.map((samples) => ({ samples, alpha, k: 1 }));
  if (swept && study.experiments.includes('alpha'))
    cells.push(...alphas.map((each) => ({ samples: most, alpha: each, k: 1 })));
  if (swept && study.experiments.includes('recall'))
    cells.push(...study.ks.map((k) => ({ samples: most, alpha, k })));
  return [...new Map(cells.map((cell) => [cellKey(cell), cell])).values()];
}
