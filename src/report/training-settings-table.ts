/** How encoders were trained, with what, and on which machine. */
import { duration, integer, withoutPlaces } from './format.ts';
import { type Html, html } from './html.ts';
import { ENVIRONMENT_NAMES, keyTable, line, quoted, shortHash } from './key-table.ts';
import { stepSeconds } from './training-tables.ts';
import { lastEpoch } from './trainings.ts';
import { labelsOf, TRAIN } from '../settings/index.ts';
import type { LoadedTraining } from './types.ts';
import { count } from '../words.ts';

type Configuration = LoadedTraining['manifest']['configuration'];

const CONFIGURATION_NAMES: Record<string, string> = {
  data: 'Training pictures',
  dataFingerprint: 'Fingerprint of the training pictures',
  validation: TRAIN.validation.label,
  validationFingerprint: 'Fingerprint of the held-out pictures',
  preprocessing: 'Preprocessing',
  ...labelsOf(TRAIN),
};

/** Settings and environment, a column a training. */
export function trainingSettings(trainings: readonly LoadedTraining[]): Html {
  const settings = keysOf(trainings, CONFIGURATION_NAMES, ({ manifest }) => manifest.configuration).map(
    ([key, name]) => line(name, trainings, ({ manifest }) => settingText(manifest.configuration, key)),
  );
  const environment = keysOf(trainings, ENVIRONMENT_NAMES, ({ manifest }) => manifest.environment).map(
    ([key, name]) =>
      line(name, trainings, ({ manifest }) => {
        const value = manifest.environment[key];
        return Array.isArray(value)
          ? value.map((part) => quoted(withoutPlaces(String(part)))).join(' ')
          : withoutPlaces(String(value ?? 'none'));
      }),
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

/** Keys and their names: the known ones in their order, then all others that occur. */
function keysOf(
  trainings: readonly LoadedTraining[],
  names: Readonly<Record<string, string>>,
  pick: (training: LoadedTraining) => object,
): [string, string][] {
  const others = new Set(trainings.flatMap((one) => Object.keys(pick(one))));
  for (const key of Object.keys(names)) others.delete(key);
  return [...Object.entries(names), ...[...others].sort().map((key): [string, string] => [key, key])];
}

function settingText(configuration: Configuration, key: string): string {
  const value: unknown = Object.entries(configuration).find(([name]) => name === key)?.[1];
  if (key === 'batch') {
    const { classes, perClass } = configuration.batch;
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
