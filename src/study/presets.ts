/** The studies that come with the package: data/studies/*.yaml. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseStudy, type Study } from './schema.ts';

/** The paper's settings, and a study for two cores. */
export const PRESETS = ['small', 'paper'] as const;
/** One of {@link PRESETS}. */
export type Preset = (typeof PRESETS)[number];

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../../data/studies');

/** The text of a preset, with its comments: a start for a study of one's own. */
export function presetText(preset: Preset): Promise<string> {
  return readFile(join(FOLDER, `${preset}.yaml`), 'utf8');
}

/** A preset, checked. */
export async function readPreset(preset: Preset): Promise<Study> {
  return parseStudy(await presetText(preset), `the preset '${preset}'`);
}
