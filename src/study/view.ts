/** A study's runs by what they are: the model, σ and dimension that a table or figure asks for. */
import type { CertificateMethod } from '../certify/index.ts';
import type { Cell } from '../evaluate/index.ts';
import { dimensionModels, mostSamples, type Reference, referenceOf, runId } from './plan.ts';
import type { Experiment, Study } from './schema.ts';
import type { FinishedRun, StudyResult } from './study.ts';

/** Lookups that tables and figures share. */
export class StudyView {
  readonly study: Study;
  readonly result: StudyResult;
  readonly reference: Reference;
  readonly #runs: ReadonlyMap<string, FinishedRun>;

  constructor(result: StudyResult) {
    this.result = result;
    this.study = result.study;
    this.reference = referenceOf(result.study);
    this.#runs = new Map(result.runs.map((run) => [run.id, run]));
  }

  /** All models, in the order of the study. */
  get models(): string[] {
    return Object.keys(this.study.models);
  }

  /** The methods that the study asks for. */
  get methods(): readonly CertificateMethod[] {
    return this.study.methods;
  }

  /** Whether the study asks for an experiment. */
  wants(experiment: Experiment): boolean {
    return this.study.experiments.includes(experiment);
  }

  /** The run of a model at a σ. */
  run(name: string, sigma: number = this.reference.sigma, dimension?: number): FinishedRun {
    const found = this.#runs.get(runId(this.study, name, sigma, dimension));
    if (!found) throw new Error(`the study has no run of ${name} at ${sigma}`); // the plan has every run that is shown
    return found;
  }

  /** The dimensions that were tried, and with which models. */
  get dimensions(): { values: number[]; models: string[] } {
    const tried = dimensionModels(this.study);
    return {
      values: [...new Set(tried.map(({ dimension }) => dimension))],
      models: [...new Set(tried.map(({ name }) => name))],
    };
  }

  /** The certificates at the study's own alpha and the largest n. */
  get main(): Cell {
    return { samples: mostSamples(this.study), alpha: this.study.sampling.alpha, k: 1 };
  }

  /** The sweep over n. */
  get counts(): Cell[] {
    return this.study.sampling.counts.map((samples) => ({ ...this.main, samples }));
  }

  /** The n nearest to a thousand: what is compared with the paper's method at n → ∞. */
  get thousand(): Cell {
    return this.counts.reduce((best, cell) =>
      Math.abs(Math.log(cell.samples / 1000)) < Math.abs(Math.log(best.samples / 1000)) ? cell : best,
    );
  }

  /** The radii of sweeps at a σ, in pixels of [0,1]. */
  radii(sigma: number = this.reference.sigma): number[] {
    return this.study.radii.map((radius) => tidy(radius * sigma));
  }

  /** The radii asked for with early stopping at a σ. */
  targets(sigma: number = this.reference.sigma): number[] {
    return this.study.targets.map((target) => target * sigma);
  }
}

/** Without the last digits that a product of decimals leaves. */
export const tidy = (value: number): number => Number(value.toPrecision(12));
