/** The options that commands share, and their parsers: one table for parsing, --help and docs/cli.md. */
import { InvalidArgumentError, Option } from 'commander';
import { CERTIFICATE_METHODS, type CertificateMethod } from '../certify/index.ts';
import type { OpenOptions } from '../datasets/index.ts';
import type { ModelFlags } from '../encoder/index.ts';
import { MAX_PIXELS } from '../image/index.ts';
import { didYouMean } from './nearest-name.ts';
import { inRange, LIMITS, type Range, rangeText } from '../limits.ts';

const number =
  (accepts: (value: number) => boolean, expected: string) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!accepts(value)) throw new InvalidArgumentError(`Expected ${expected}; got '${text}'.`);
    return value;
  };

/** Parser of a whole number of a range. */
export const integer = (limits: Range) => number((v) => inRange(v, limits), rangeText(limits));
/** An option that counts something, with its range in its help. */
export const counted = (flags: string, description: string, limits: Range): Option =>
  new Option(
    flags,
    `${description} (${limits.least.toLocaleString('en-US')} to ${limits.most.toLocaleString('en-US')})`,
  ).argParser(integer(limits));
/** Parser of a number > 0. */
export const positive = number((v) => Number.isFinite(v) && v > 0, 'a number > 0');
/** Parser of a number ≥ 0. */
export const notNegative = number((v) => Number.isFinite(v) && v >= 0, 'a number ≥ 0');
const share = number((v) => v > 0 && v < 1, 'a failure probability between 0 and 1 (exclusive)');

const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
/** Parser of numbers separated by commas. */
export const numbers = (text: string): number[] =>
  list(text).map(number((v) => Number.isFinite(v), 'numbers separated by commas'));

/** Parser of `name=number`, given again and again. */
export function namedNumber(
  text: string,
  before: Readonly<Record<string, number>> = {},
): Record<string, number> {
  const [name, value, ...rest] = text.split('=').map((part) => part.trim());
  const parsed = Number(value);
  if (!name || !value || rest.length > 0 || !Number.isFinite(parsed))
    throw new InvalidArgumentError(`Expected name=number; got '${text}'.`);
  return { ...before, [name]: parsed };
}

function methods(text: string): CertificateMethod[] {
  const names = list(text);
  for (const name of names) {
    if (!CERTIFICATE_METHODS.includes(name as CertificateMethod)) {
      throw new InvalidArgumentError(
        `Expected methods among ${CERTIFICATE_METHODS.join(', ')}; got '${name}'.${didYouMean(name, CERTIFICATE_METHODS)}`,
      );
    }
  }
  if (names.length === 0)
    throw new InvalidArgumentError(`Expected at least one of ${CERTIFICATE_METHODS.join(', ')}.`);
  return CERTIFICATE_METHODS.filter((method) => names.includes(method));
}

function radii(text: string): number[] {
  const values = [...new Set(numbers(text))].sort((a, b) => a - b);
  if (values.length === 0 || values[0] < 0)
    throw new InvalidArgumentError('Expected radii ≥ 0 separated by commas.');
  return values;
}

function batch(text: string): number | 'auto' {
  return text === 'auto' ? 'auto' : integer(LIMITS.batch)(text);
}

/** Every option, by name. */
export const OPTIONS = {
  data: () =>
    new Option(
      '--data <spec>',
      'images: folder:PATH, list:FILE, csv:FILE, sop:PATH, cub200:PATH, cars196:PATH, omniglot:PATH, or glyphs (comes with the package), with @train, @val or @test',
    ).makeOptionMandatory(),
  leaveOneOut: () =>
    new Option(
      '--leave-one-out',
      'each query is left out of the gallery, which is the dataset itself where no --gallery is given',
    ),
  limit: () => counted('--limit <n>', 'at most n images, drawn over all classes', LIMITS.items),
  perClass: () => counted('--per-class <n>', 'at most n images of each class', LIMITS.items),
  model: () =>
    new Option(
      '--model <path>',
      'encoder: a folder with model.onnx and preprocessor_config.json, or an .onnx file',
    ).makeOptionMandatory(),
  gallery: () => new Option('--gallery <folder>', 'gallery made by `retrievalguard index`'),
  sigma: () =>
    new Option('--sigma <s>', 'standard deviation of the noise, in pixels of [0,1]').argParser(positive),
  seed: () => counted('--seed <n>', 'seed of the noise and of --limit / --per-class', LIMITS.seed).default(0),
  alpha: () =>
    new Option('--alpha <a>', 'failure probability of each certificate').argParser(share).default(0.001),
  k: () => counted('--k <n>', 'Recall@k: a right item among the k nearest', LIMITS.k).default(1),
  selection: () =>
    counted('--selection <n>', 'samples that choose what to count', LIMITS.selection).default(512),
  method: () =>
    new Option('--method <names>', 'certificates, separated by commas')
      .argParser(methods)
      .default([...CERTIFICATE_METHODS], 'paper,bisector,cdf,vote'),
  targetRadius: () =>
    new Option('--target-radius <r>', 'stop a query as soon as this radius is certified').argParser(positive),
  timeBudget: () =>
    new Option('--time-budget <seconds>', 'stop a query at the first look after so many seconds').argParser(
      positive,
    ),
  radii: () =>
    new Option(
      '--radii <list>',
      'radii of the summary, separated by commas (default: 0, σ/4, … 4σ)',
    ).argParser(radii),
  provider: () =>
    new Option(
      '--provider <name>',
      'ONNX Runtime execution provider: cpu, cuda, webgpu, coreml, dml, …',
    ).default('cpu'),
  threads: () => counted('--threads <n>', 'sampling threads (default: all cores)', LIMITS.threads),
  batch: () =>
    new Option('--batch <n>', 'images a run of the encoder, or auto: the fastest; never changes a result')
      .argParser(batch)
      .default('auto'),
  input: () => new Option('--input <name>', 'name of the image input, where the model has several inputs'),
  output: () =>
    new Option('--output <name>', 'name of the embedding output, where the model has several outputs'),
  pooling: () => new Option('--pooling <how>', 'pooling of an output of rank 3').choices(['cls', 'mean']),
  height: () => counted('--height <n>', 'height of the input, where the model leaves it open', LIMITS.side),
  width: () => counted('--width <n>', 'width of the input, where the model leaves it open', LIMITS.side),
  channels: () =>
    counted('--channels <n>', 'channels of the input, where the model leaves them open', LIMITS.channels),
  mean: () =>
    new Option('--mean <list>', 'mean per channel, in pixels of [0,1], for a bare .onnx file').argParser(
      numbers,
    ),
  std: () =>
    new Option('--std <list>', 'deviation per channel, in pixels of [0,1], for a bare .onnx file').argParser(
      numbers,
    ),
  inputRange: () =>
    new Option(
      '--input-range <white>',
      'what white is to a bare .onnx file without --mean and --std: 1 or 255 (default: 1)',
    )
      .choices(['1', '255'])
      .argParser((text: string): 1 | 255 => {
        if (text === '1') return 1;
        if (text === '255') return 255;
        throw new InvalidArgumentError('Allowed choices are 1, 255.');
      }),
  strict: () => new Option('--strict', 'stop at an image that cannot be read instead of leaving it out'),
  maxPixels: () =>
    counted(
      '--max-pixels <n>',
      `largest image in pixels; decoding takes three bytes of memory each; default ${MAX_PIXELS}`,
      LIMITS.pixels,
    ),
  overwrite: () => new Option('--overwrite', 'replace a gallery that exists'),
  quiet: () => new Option('--quiet', 'say nothing but warnings and results'),
  json: () => new Option('--json', 'print the result as JSON'),
} as const;

/** Options that say how to open a model. */
export const MODEL_OPTIONS = [
  'model',
  'provider',
  'threads',
  'batch',
  'input',
  'output',
  'pooling',
  'height',
  'width',
  'channels',
  'mean',
  'std',
  'inputRange',
] as const;

/** The values of {@link MODEL_OPTIONS}. */
export interface ModelValues extends ModelFlags {
  model: string;
  provider: string;
  threads?: number;
  batch: number | 'auto';
}

/** The values of data, limit, perClass and seed. */
export interface DataValues {
  data: string;
  limit?: number;
  perClass?: number;
  seed: number;
}

/** The part of {@link DataValues} that draws a sample. */
export const sampleOf = ({ limit, perClass, seed }: DataValues): OpenOptions => ({ limit, perClass, seed });
