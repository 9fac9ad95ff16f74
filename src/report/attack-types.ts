import type { AttackManifest, AttackRow } from '../evaluate/attack-schema.ts';

/** An attack run in memory. */
export interface LoadedAttack {
  /** The folder's name; told apart by number like those of runs. */
  name: string;
  /** The folder as it was given. */
  folder: string;
  manifest: AttackManifest;
  rows: AttackRow[];
  /** PNG files of the run folder by their name there, as data URIs. */
  pictures: ReadonlyMap<string, string>;
  /** What a reader should know. Sentences. */
  notes: string[];
}
