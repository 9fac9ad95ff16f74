/** The files of an attack run: run.json, rows.jsonl, summary.json, pictures/. */
import type { AnyManifest } from '../runs/index.ts';
import type { ATTACK, ATTACKS, IdentityOf, SYSTEMS } from '../settings/index.ts';

export { ATTACKS } from '../settings/index.ts';
/** One of {@link ATTACKS}. */
export type AttackName = (typeof ATTACKS)[number];

/** Which system is attacked: the undefended one, or a smoothed one. */
export type AttackedSystem = (typeof SYSTEMS)[number];

/** The smallest perturbation found that changes a right answer. */
export interface Smallest {
  /** ‖perturbation‖₂, [0,1] pixel units. */
  norm: number;
  attack: AttackName;
  /** The answer to the perturbed image. */
  predicted: string;
  /** Below the run folder: PNG files of the image, of the perturbation times `factor` around grey, and of the perturbed image. */
  pictures?: { original: string; perturbation: string; perturbed: string; factor: number };
}

/** One line of an attack run's rows.jsonl. */
export interface AttackRow {
  query: string;
  label: string;
  /** The answer to the image as it is, of the system under attack. */
  predicted: string;
  /** 1 when it is right. Only then is the query attacked. */
  score: 0 | 1;
  /** [radii of the run] 1 while no attack of at most that norm changed the answer; 0 too where it was wrong from the start. */
  holds: (0 | 1)[];
  /** [radii] by attack: whether it succeeded; only for those run. */
  successes: Partial<Record<AttackName, (0 | 1)[]>>;
  smallest: Smallest | null;
  seconds: number;
  /** What went wrong with this query alone: it then counts as answered wrongly. */
  error?: string;
}

/** summary.json of an attack run. */
export interface AttackSummary {
  queries: number;
  skipped: number;
  /** Queries at which something went wrong (`error` of their rows). */
  failed: number;
  system: AttackedSystem;
  /** Share of the queries answered rightly without attack. */
  recallAt1: number;
  radii: number[];
  /** At each radius: share of all queries whose answer is right and no attack changed. */
  empiricalRecallAt1: number[];
  /** By attack, at each radius: share of the queries answered rightly that it broke. */
  successRates: Partial<Record<AttackName, number[]>>;
  /** Of the smallest perturbation, over the queries where one was found; null where there is none. */
  medianSmallestNorm: number | null;
  seconds: number;
}

/** run.json of an attack run. */
export interface AttackManifest extends AnyManifest {
  format: 'retrievalguard-attack';
  version: 1;
  options: IdentityOf<typeof ATTACK> & {
    data: string;
    dataFingerprint: string;
    gallery: string;
    galleryHash: string;
    modelHash: string;
    preprocessingHash: string;
  };
  environment: Record<string, unknown>;
}
