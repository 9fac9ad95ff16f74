/** What the runs were asked, with what, and on which machine. */
import { duration, integer, withoutPlaces } from './format.ts';
import { type Html, html } from './html.ts';
import { ENVIRONMENT_NAMES, keyTable, line, quoted, shortHash } from './key-table.ts';
import { cellKey } from '../evaluate/index.ts';
import { CERTIFY, labelsOf } from '../settings/index.ts';
import type { LoadedRun } from './types.ts';

type Options = LoadedRun['manifest']['options'];
type Environment = LoadedRun['manifest']['environment'];

/** What decides a run, by name: its data and gallery with their hashes, then its settings. */
const OPTION_NAMES: Record<string, string> = {
  data: CERTIFY.data.label,
  dataFingerprint: 'Fingerprint of the queries',
  gallery: CERTIFY.gallery.label,
  galleryHash: 'Hash of the gallery',
  modelHash: 'Hash of the model',
  preprocessingHash: 'Hash of the preprocessing',
  ...labelsOf(CERTIFY),
};

/** What only the runs of studies say. */
const STUDY_NAMES: Record<string, string> = {
  sweep: 'Also certified, from the same samples',
  queriesHash: 'Hash of the queries',
};

const { started, ...software } = ENVIRONMENT_NAMES;
const RUN_ENVIRONMENT: Record<keyof Environment, string> = {
  started,
  model: 'Model',
  input: "The model's input",
  gallery: 'Gallery folder',
  galleryData: "The gallery's dataset",
  ...software,
};

/** Settings and environment, a column a run. */
export function settingsTables(runs: readonly LoadedRun[]): Html {
  const known = Object.keys(OPTION_NAMES);
  const others = new Set(
    runs.flatMap(({ manifest }) => Object.keys(manifest.options)).filter((key) => !known.includes(key)),
  );
  const option = (key: string): Html =>
    line(OPTION_NAMES[key] ?? STUDY_NAMES[key] ?? key, runs, ({ manifest }) =>
      optionText(manifest.options, key),
    );
  const environment = (Object.keys(RUN_ENVIRONMENT) as (keyof Environment)[]).map((key) =>
    line(RUN_ENVIRONMENT[key], runs, ({ manifest }) => environmentText(manifest.environment, key)),
  );
  const total = (run: LoadedRun, key: 'samples' | 'seconds'): number =>
    run.rows.reduce((sum, row) => sum + row[key], 0);
  const spent = [
    line('Estimation samples spent', runs, (run) => integer(total(run, 'samples'))),
    line('Time spent on queries', runs, (run) => duration(total(run, 'seconds'))),
  ];
  return html`${keyTable('Settings', runs, [known.map(option), [...others].sort().map(option)])}
${keyTable('Environment and cost', runs, [spent, environment])}`;
}

function optionText(options: Options, key: string): string {
  const value = options[key];
  if (key === 'sweep') return options.sweep?.cells.map(cellKey).join(', ') ?? 'nothing';
  if (typeof value === 'string')
    return /[hH]ash|Fingerprint/.test(key) ? shortHash(value) : withoutPlaces(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number')
    return Number.isInteger(value) && key !== 'seed' ? integer(value) : String(value);
  if (value === null || value === undefined) return 'none';
  return Array.isArray(value) ? value.join(', ') : JSON.stringify(value);
}

function environmentText(environment: Environment, key: keyof Environment): string {
  const value = environment[key];
  if (value === undefined) return 'unknown';
  if (typeof value === 'object' && !Array.isArray(value))
    return `${value.channels} × ${value.height} × ${value.width}`;
  return Array.isArray(value)
    ? value.map((part) => quoted(withoutPlaces(part))).join(' ')
    : withoutPlaces(String(value));
}
