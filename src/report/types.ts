/** What a report is made of. */
import type { Method, Row, RunManifest, SkippedRow, Summary } from '../evaluate/schema.ts';
import type { AttackManifest, AttackRow } from '../evaluate/attack-schema.ts';
import type { EpochRow, TrainingManifest } from '../training/index.ts';

/** A folder in memory. */
export interface LoadedFolder<Manifest> {
  /** The folder's name, of a training that of the model folder; those of one report that share a name are told apart by number. */
  name: string;
  /** The folder as it was given. */
  folder: string;
  manifest: Manifest;
  /** What a reader should know of the files: a truncated line, that the work has not ended. Sentences. */
  notes: string[];
}

/** A run folder in memory. */
export interface LoadedRun extends LoadedFolder<RunManifest> {
  /** A row a query; every number of a report is computed from them. */
  rows: Row[];
  skipped: SkippedRow[];
  /** Null while the run has not ended. */
  summary: Summary | null;
}

/** The training inside a model folder, in memory. */
export interface LoadedTraining extends LoadedFolder<TrainingManifest> {
  /** A row an epoch, from epoch 0, the model before training; empty while the first epoch runs. */
  history: EpochRow[];
}

/** An attack run in memory. */
export interface LoadedAttack extends LoadedFolder<AttackManifest> {
  rows: AttackRow[];
  /** PNG files of the run folder by their name there, as data URIs. */
  pictures: ReadonlyMap<string, string>;
}

/** Whatever a report is made of. */
export type Loaded = LoadedRun | LoadedTraining | LoadedAttack;

/** Whether it is a training. */
export function isTraining(one: Loaded): one is LoadedTraining {
  return one.manifest.format === 'retrievalguard-training';
}

/** Whether it is an attack. */
export function isAttack(one: Loaded): one is LoadedAttack {
  return one.manifest.format === 'retrievalguard-attack';
}

/** The epoch whose model lies in the model folder; null before the first epoch is finished. */
export function keptEpoch({ history }: LoadedTraining): EpochRow | null {
  return history.findLast(({ best }) => best) ?? null;
}

/** The last epoch that is finished; 0 for none. */
export function lastEpoch({ history }: LoadedTraining): number {
  return history.at(-1)?.epoch ?? 0;
}

/** Seconds of all steps, without reading and judging. */
export function stepSeconds({ history }: LoadedTraining): number {
  return history.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** "σ = 0.25", or "no noise". */
export function noiseText({ manifest }: LoadedTraining): string {
  const { sigma } = manifest.configuration;
  return sigma > 0 ? `σ = ${sigma}` : 'no noise';
}

/**
 * Brings the picture of a query or gallery item as the bytes of a small PNG, JPEG, WebP, GIF or AVIF file; null when there is none.
 * Asked at most once for each run, role and id.
 */
export type PictureSource = (
  run: LoadedRun,
  id: string,
  role: 'query' | 'gallery',
) => Promise<Uint8Array | null>;

/** Options of `renderReport`. */
export interface ReportOptions {
  /** Heading of the page; default "Certified image retrieval", or "Training of encoders" where there are trainings only. */
  title?: string;
  /** HTML of sections to stand first, below the heading: put on the page as it is. Default none. */
  opening?: string;
  /** Pictures for the cards; default none. */
  pictures?: PictureSource;
  /** Cards in each of the two groups (hardest and most robust queries), shared among the runs; default 6. */
  cards?: number;
  /**
   * Most small pictures that the table of all queries carries, shared among the runs; default 2000. The first queries and the items
   * nearest to them get theirs; about 1 to 2 KB each.
   */
  explorerPictures?: number;
  /** The method whose radius orders the cards; default the first of cdf, duel, vote, bisector, paper that the run has. */
  method?: Method;
}
