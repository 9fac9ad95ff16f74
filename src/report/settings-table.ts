/**
 * What runs and trainings were asked, with what, and on which machine: tables of names and values, a column each, marked where they differ.
 */
import { cellKey } from '../evaluate/index.ts';
import { STOPPED } from '../evaluate/reason-words.ts';
import { CERTIFY, labelsOf, TRAIN } from '../settings/index.ts';
import { count } from '../words.ts';
import { duration, integer, withoutPlaces } from './format.ts';
import { type Html, html, type Part } from './html.ts';
import { lastEpoch, type LoadedRun, type LoadedTraining, stepSeconds } from './types.ts';

/** Names of keys, in the order in which they stand in a table. */
type Names = Readonly<Record<string, string>>;

/** What decides a run, by name: its data and gallery with their hashes, then its settings. */
const OPTIONS: Names = {
  data: CERTIFY.data.label,
  dataFingerprint: 'Fingerprint of the queries',
  gallery: CERTIFY.gallery.label,
  galleryHash: 'Hash of the gallery',
  modelHash: 'Hash of the model',
  preprocessingHash: 'Hash of the preprocessing',
  ...labelsOf(CERTIFY),
  noise: 'Noise',
  eta: 'η, distance of a noise sample from the ideal one (total variation)',
  secretSeed: 'Hash of the secret seed of the noise',
};

const CONFIGURATION: Names = {
  data: 'Training pictures',
  dataFingerprint: 'Fingerprint of the training pictures',
  validation: TRAIN.validation.label,
  validationFingerprint: 'Fingerprint of the held-out pictures',
  preprocessing: 'Preprocessing',
  ...labelsOf(TRAIN),
};

/** What both runs and trainings remember of the machine and the program. */
const SOFTWARE: Names = {
  retrievalguard: 'retrievalguard',
  node: 'Node.js',
  onnxruntime: 'ONNX Runtime',
  provider: 'Execution provider',
  cpu: 'Processor',
  cores: 'Cores',
  command: 'Command',
};
const TRAINING_ENVIRONMENT: Names = { started: 'Started', ...SOFTWARE };
const RUN_ENVIRONMENT: Names = {
  started: 'Started',
  model: 'Model',
  input: "The model's input",
  gallery: 'Gallery folder',
  galleryData: "The gallery's dataset",
  ...SOFTWARE,
};

/** Settings and environment, a column a run. */
export function settingsTables(runs: readonly LoadedRun[]): Html {
  const environmentOf = ({ manifest }: LoadedRun): object => {
    const { input } = manifest.environment;
    return {
      ...manifest.environment,
      input: input && `${input.channels} × ${input.height} × ${input.width}`,
    };
  };
  const total = (run: LoadedRun, key: 'samples' | 'seconds'): number =>
    run.rows.reduce((sum, row) => sum + row[key], 0);
  const spent = [
    line('Estimation samples spent', runs, (run) => integer(total(run, 'samples'))),
    line('Queries by why they ended', runs, endings),
    line('Time spent on queries', runs, (run) => duration(total(run, 'seconds'))),
  ];
  return html`${keyTable(
    'Settings',
    runs,
    lines(runs, OPTIONS, ({ manifest }) => optionsOf(manifest.options), optionText),
  )}
${keyTable('Environment and cost', runs, [spent, lines(runs, RUN_ENVIRONMENT, environmentOf, environmentText('unknown'))])}`;
}

/** How many queries of a run ended why. */
function endings({ rows }: LoadedRun): string {
  return Object.entries(STOPPED)
    .map(([reason, words]) => ({ words, ended: rows.filter(({ stopped }) => stopped === reason).length }))
    .filter(({ ended }) => ended > 0)
    .map(({ words, ended }) => `${integer(ended)}: ${words}`)
    .join('; ');
}

/** The options, with names for what only the runs of studies have. */
function optionsOf({ sweep, queriesHash, ...options }: LoadedRun['manifest']['options']): object {
  if (!sweep) return options;
  const certified = sweep.cells.map(cellKey);
  return {
    ...options,
    'Also certified, from the same samples': certified,
    'Hash of the queries': queriesHash,
  };
}

/** Settings and environment, a column a training. */
export function trainingSettings(trainings: readonly LoadedTraining[]): Html {
  const settings = lines(trainings, CONFIGURATION, ({ manifest }) => manifest.configuration, settingText);
  const environment = lines(
    trainings,
    TRAINING_ENVIRONMENT,
    ({ manifest }) => manifest.environment,
    environmentText('none'),
  );
  const spent = [
    line('Epochs finished', trainings, (training) => integer(lastEpoch(training))),
    line('Steps finished', trainings, ({ history }) => integer(history.at(-1)?.steps ?? 0)),
    line('Time spent on steps', trainings, (training) => duration(stepSeconds(training))),
    line('Images a second, last epoch', trainings, ({ history }) =>
      integer(history.at(-1)?.imagesPerSecond ?? Number.NaN),
    ),
  ];
  return html`${keyTable('Configuration', trainings, settings)}
${keyTable('Environment and cost', trainings, [spent, environment])}`;
}

/** A table of names and values, a column for each run or training. */
function keyTable(caption: string, columns: readonly { name: string }[], rows: Part): Html {
  const head =
    columns.length > 1
      ? html`<thead><tr><td></td>${columns.map(({ name }) => html`<th scope="col"><bdi>${name}</bdi></th>`)}</tr></thead>\n`
      : null;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="keys">
<caption>${caption}</caption>
${head}<tbody>${rows}</tbody></table></div>
`;
}

/** A row for each key: the known ones in their order, then all others that occur. */
function lines<Column>(
  columns: readonly Column[],
  names: Names,
  pick: (column: Column) => object,
  text: (value: unknown, key: string) => string,
): Html[] {
  const valuesOf = new Map(
    columns.map((column) => [column, new Map<string, unknown>(Object.entries(pick(column)))]),
  );
  const others = new Set([...valuesOf.values()].flatMap((values) => [...values.keys()]));
  for (const key of Object.keys(names)) others.delete(key);
  return [...Object.keys(names), ...[...others].sort()].map((key) =>
    line(names[key] ?? key, columns, (column) => text(valuesOf.get(column)?.get(key), key)),
  );
}

/** A row of the table; marked where the columns differ. */
function line<Column>(name: string, columns: readonly Column[], text: (column: Column) => string): Html {
  const values = columns.map(text);
  const differ = new Set(values).size > 1;
  return html`<tr${differ ? html` class="differ"` : null}><th scope="row">${name}</th>${values.map((value) => html`<td>${value}</td>`)}</tr>\n`;
}

const environmentText =
  (missing: string) =>
  (value: unknown): string => {
    if (Array.isArray(value)) return value.map((part) => quoted(withoutPlaces(String(part)))).join(' ');
    return typeof value === 'string' || typeof value === 'number' ? withoutPlaces(String(value)) : missing;
  };

/** An argument as one would type it in a shell. */
const quoted = (argument: string): string =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;

/** The beginning of a long hash. */
export const shortHash = (hash: string): string => (hash.length > 16 ? `${hash.slice(0, 12)}…` : hash);

function optionText(value: unknown, key: string): string {
  if (typeof value === 'string')
    return /[hH]ash|Fingerprint/.test(key) ? shortHash(value) : withoutPlaces(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number')
    return Number.isInteger(value) && key !== 'seed' ? integer(value) : String(value);
  if (value === null || value === undefined) return 'none';
  return Array.isArray(value) ? value.join(', ') : JSON.stringify(value);
}

function settingText(value: unknown, key: string): string {
  if (key === 'batch') {
    const { classes, perClass } = value as LoadedTraining['manifest']['configuration']['batch'];
    return `${count(classes * perClass, 'image')}: ${count(classes, 'class', 'classes')}, ${perClass} of each`;
  }
  if (typeof value === 'string' && /Fingerprint|backbone/.test(key)) return shortHash(value);
  return words(value);
}

/** JSON in words: "margin", "bilinear", "scale 0.85 to 1.15"; parts with a name or kind begin with it. */
function words(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map(words).join(', ');
  if (typeof value !== 'object')
    return typeof value === 'string' ? withoutPlaces(value) : JSON.stringify(value);
  const parts = Object.entries(value)
    .filter(([key]) => key !== 'name' && key !== 'kind')
    .filter(([key, part]) => !(key === 'options' && isEmpty(part)))
    .map(([key, part]) =>
      isEmpty(part) ? key : `${key} ${isParts(part) ? `(${words(part)})` : words(part)}`,
    );
  const { name, kind } = value as { name?: unknown; kind?: unknown };
  const head = name ?? kind;
  if (typeof head !== 'string') return parts.join('; ') || 'none';
  return [head, ...parts].join('; ');
}

const isParts = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `crop: {}` is a crop with its defaults. */
const isEmpty = (value: unknown): boolean => isParts(value) && Object.keys(value).length === 0;
