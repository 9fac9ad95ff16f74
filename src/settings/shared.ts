/** Settings of many commands: data, model, output. */
import { LIMITS, MAX_PIXELS } from '../limits.ts';
import { choice, finite, flag, list, positive, text, whole, wholeOr } from './kinds.ts';
import { changed, deciding, required, setting, withDefault } from './setting.ts';

/** Which pictures. What they are is known by the dataset's fingerprint. */
export const DATA = {
  data: required(
    setting(text('<spec>'), {
      help: 'images: folder:PATH, list:FILE, csv:FILE, sop:PATH, cub200:PATH, cars196:PATH, omniglot:PATH, or glyphs (comes with the package), with @train, @val or @test',
      label: 'Queries',
    }),
  ),
  limit: setting(whole(LIMITS.items), { help: 'at most n images, drawn over all classes' }),
  perClass: setting(whole(LIMITS.items), { help: 'at most n images of each class' }),
} as const;

/** How pictures are read. */
export const READING = {
  strict: setting(flag(), { help: 'stop at an image that cannot be read instead of leaving it out' }),
  maxPixels: setting(whole(LIMITS.pixels), {
    help: `largest image in pixels; decoding takes three bytes of memory each; default ${MAX_PIXELS}`,
  }),
} as const;

/** The seed of everything that is drawn. */
export const SEED = withDefault(
  deciding(whole(LIMITS.seed), { help: 'seed of the noise and of --limit / --per-class', label: 'Seed' }),
  0,
);

/** The seed of a served query's noise. The run remembers only what it commits itself to. */
export const SECRET = setting(text('<file>'), {
  help: 'file of 32 secret random bytes, or 64 hexadecimal digits, that the noise of the queries is drawn from in place of the seed',
});

/** What a model's files leave open. What the model is is known by its hash and that of its preprocessing. */
export const INPUT = {
  input: setting(text('<name>'), { help: 'name of the image input, where the model has several inputs' }),
  output: setting(text('<name>'), {
    help: 'name of the embedding output, where the model has several outputs',
  }),
  pooling: setting(choice(['cls', 'mean'], '<how>'), { help: 'pooling of an output of rank 3' }),
  height: setting(whole(LIMITS.side), { help: 'height of the input, where the model leaves it open' }),
  width: setting(whole(LIMITS.side), { help: 'width of the input, where the model leaves it open' }),
  channels: setting(whole(LIMITS.channels), {
    help: 'channels of the input, where the model leaves them open',
  }),
  mean: setting(list(finite('<x>')), {
    help: 'mean per channel, in pixels of [0,1], for a bare .onnx file',
  }),
  std: setting(list(positive('<x>')), {
    help: 'deviation per channel, in pixels of [0,1], for a bare .onnx file',
  }),
  inputRange: setting(choice([1, 255], '<white>'), {
    help: 'what white is to a bare .onnx file without --mean and --std: 1 or 255 (default: 1)',
  }),
} as const;

/** Which pixels a radius speaks of. */
export const PIXELS = withDefault(
  deciding(choice(['input', 'file'], '<which>'), {
    help: 'what the model sees: the picture resized in bytes; or resized without rounding, so that each radius holds in the pixels of the file too (another smoothed model, with a gallery of its own)',
    label: 'Resize: rounded to bytes (input), or not, with radii in the pixels of the file (file)',
  }),
  'input',
);

/** How a model is run. */
export const RUNNING = {
  provider: withDefault(
    deciding(text('<name>'), {
      help: 'ONNX Runtime execution provider: cpu, cuda, webgpu, coreml, dml, …',
      label: 'Execution provider',
    }),
    'cpu',
  ),
  threads: setting(whole(LIMITS.threads), { help: 'sampling threads (default: all cores)' }),
  batch: withDefault(
    setting(wholeOr(LIMITS.batch, 'auto'), {
      help: 'images a run of the encoder, or auto: the fastest; never changes a result',
    }),
    'auto',
  ),
} as const;

/** An encoder, and how it is opened and run. */
export const MODEL = {
  model: required(
    setting(text('<path>'), {
      help: 'encoder: a folder with model.onnx and preprocessor_config.json, or an .onnx file',
    }),
  ),
  ...RUNNING,
  ...INPUT,
} as const;

/** What is said while a command works. */
export const SAYING = {
  quiet: setting(flag(), { help: 'say nothing but warnings and results' }),
  json: setting(flag(), { help: 'print the result as JSON' }),
} as const;

/** Where results go. */
export const OUT = required(setting(text('<folder>'), { help: 'run folder to write' }));

/** A gallery that was made by `index`. */
export const GALLERY = setting(text('<folder>'), {
  help: 'gallery made by `retrievalguard index`, or a .npy file of plain vectors',
  label: 'Gallery',
});

/** The --out of a command that writes something else than a run. */
export const outOf = (help: string) => changed(OUT, { help });
