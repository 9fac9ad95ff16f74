/** What a report is made of. */
import type { Method, Row, RunManifest, SkippedRow, Summary } from '../evaluate/schema.ts';
import type { LoadedAttack } from './attack-types.ts';
import type { EpochRow, TrainingManifest } from '../training/index.ts';

/** A run folder in memory. */
export interface LoadedRun {
  /** The folder's name; runs of one report that share a name are told apart by number. */
  name: string;
  /** The folder as it was given. */
  folder: string;
  manifest: RunManifest;
  /** A row a query; every number of a report is computed from them. */
  rows: Row[];
  skipped: SkippedRow[];
  /** Null while the run has not ended. */
  summary: Summary | null;
  /** What a reader should know of the files: a truncated line, an unfinished run. Sentences. */
  notes: string[];
}

/** The training inside a model folder, in memory. */
export interface LoadedTraining {
  /** The model folder's name; told apart by number like those of runs. */
  name: string;
  /** The folder as it was given. */
  folder: string;
  manifest: TrainingManifest;
  /** A row an epoch, from epoch 0, the model before training; empty while the first epoch runs. */
  history: EpochRow[];
  /** What a reader should know: that the training has not ended. Sentences. */
  notes: string[];
}

/** Whatever a report is made of. */
export type Loaded = LoadedRun | LoadedTraining | LoadedAttack;

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
  /** The method whose radius orders the cards; default the first of cdf, vote, bisector, paper that the run has. */
  method?: Method;
}
