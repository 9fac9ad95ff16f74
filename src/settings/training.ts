/** Settings of `train`. */
import { LIMITS } from '../limits.ts';
// their names alone: the whole of training would slow the start of every command
import { BACKBONES } from '../training/backbones/index.ts';
import { type LossName, LOSSES } from '../training/losses/index.ts';
import { type MinerName, MINERS } from '../training/miners/index.ts';
import { type OptimizerName, OPTIMIZERS } from '../training/optimizers/index.ts';
import { PAPER_SCHEDULE } from '../training/schedule.ts';
import { choice, flag, list, namedNumbers, notNegative, positive, text, whole } from './kinds.ts';
import { changed, deciding, setting, withDefault } from './setting.ts';
import { DATA, INPUT, outOf, READING, RUNNING, SAYING, SEED } from './shared.ts';

const names = <T extends string>(table: Readonly<Record<T, unknown>>): T[] => Object.keys(table) as T[];

/** The options of all losses or miners, for a help text. */
const optionsOf = (table: Readonly<Record<string, { settings: object }>>): string =>
  Object.entries(table)
    .filter(([, { settings }]) => Object.keys(settings).length > 0)
    .map(([name, { settings }]) => `${name}: ${Object.keys(settings).join(', ')}`)
    .join('; ');

/** Kinds of augmentation. */
export const AUGMENTATIONS = ['none', 'photo', 'characters'] as const;
/** Kinds of schedules of the learning rate. */
export const SCHEDULES = ['multi-step', 'constant', 'cosine', 'one-cycle'] as const;

/** Size of the embedding. */
export const DIMENSION = withDefault(
  deciding(whole(LIMITS.dimension), {
    option: 'dim',
    help: 'size of the embedding',
    label: 'Size of the embedding',
  }),
  128,
);

/** What decides a trained model, beside its data and its noise: in a study it stands under `training`. */
export const RECIPE = {
  backbone: withDefault(
    deciding(text('<name>'), {
      help: `${Object.keys(BACKBONES).join(', ')}, or the path of a pretrained network: an .onnx file or a model folder`,
      label: 'Backbone',
    }),
    'conv4',
  ),
  augment: deciding(choice(AUGMENTATIONS, '<kind>'), {
    help: 'photo: random resized crop and flip; characters: quarter turns as classes of their own and small affine maps, white outside; none (default: photo for colour, none for grey)',
    label: 'Augmentation',
  }),
  loss: withDefault(
    deciding(choice(names<LossName>(LOSSES), '<name>'), { help: 'loss', label: 'Loss' }),
    'margin',
  ),
  lossOptions: deciding(namedNumbers(), {
    option: 'loss-option',
    help: `of the loss, repeatable; ${optionsOf(LOSSES)}`,
    label: 'Options of the loss',
  }),
  miner: withDefault(
    deciding(choice(names<MinerName>(MINERS), '<name>'), {
      help: 'how negatives are chosen, for losses of triplets',
      label: 'Miner',
    }),
    'distance-weighted',
  ),
  minerOptions: deciding(namedNumbers(), {
    option: 'miner-option',
    help: `of the miner, repeatable; ${optionsOf(MINERS)}`,
    label: 'Options of the miner',
  }),
  batch: withDefault(deciding(whole(LIMITS.trainingBatch), { help: 'images a step', label: 'Batch' }), 112),
  imagesPerClass: withDefault(
    deciding(whole(LIMITS.imagesPerClass), { help: 'images of each class in a batch' }),
    4,
  ),
  optimizer: withDefault(
    deciding(choice(names<OptimizerName>(OPTIMIZERS), '<name>'), { help: 'optimiser', label: 'Optimiser' }),
    'adam',
  ),
  learningRate: deciding(positive('<rate>'), {
    option: 'lr',
    help: 'learning rate (default: 1e-3 for a network that starts from nothing, 1e-5 for a pretrained one)',
    label: 'Learning rate',
  }),
  weightDecay: withDefault(
    deciding(notNegative('<w>'), {
      help: 'weight decay of weights; biases have none',
      label: 'Weight decay',
    }),
    4e-4,
    { defaultText: '4e-4' },
  ),
  clipNorm: deciding(positive('<n>'), {
    help: 'largest norm of the gradient',
    label: 'Largest norm of the gradient',
  }),
  schedule: withDefault(
    deciding(choice(SCHEDULES, '<kind>'), { help: 'of the learning rate', label: 'Schedule' }),
    'multi-step',
  ),
  milestones: withDefault(
    deciding(list(whole(LIMITS.epochs)), { help: 'for multi-step: epochs after which the rate falls' }),
    [...PAPER_SCHEDULE.milestones],
    { defaultText: PAPER_SCHEDULE.milestones.join(',') },
  ),
  decayFactor: withDefault(
    deciding(positive('<f>'), { help: 'for multi-step: by which factor' }),
    PAPER_SCHEDULE.factor,
  ),
  warmup: withDefault(
    deciding(whole(LIMITS.warmup, '<steps>'), { help: 'steps in which the rate grows from nearly 0' }),
    0,
  ),
  epochs: withDefault(
    deciding(whole(LIMITS.epochs), { help: 'epochs; in one of them every picture is seen', label: 'Epochs' }),
    100,
  ),
  patience: deciding(whole(LIMITS.epochs), {
    help: 'end after so many epochs without a better model',
    label: 'Epochs without a better model before it ends',
  }),
} as const;

/** `train` */
export const TRAIN = {
  ...DATA,
  validation: deciding(text('<spec>'), {
    option: 'val',
    help: 'held-out images, in the notation of --data; best with classes of their own',
    label: 'Held-out pictures',
  }),
  dimension: DIMENSION,
  freeze: deciding(text('<node>'), {
    help: 'leave the backbone as it is up to this node of its graph',
    label: 'Frozen up to node',
  }),
  sigma: withDefault(
    deciding(notNegative('<s>'), {
      help: 'standard deviation of the noise on training pictures, in pixels of [0,1]; 0: none',
      label: 'σ, standard deviation of the noise (pixels in [0,1])',
    }),
    0,
  ),
  validationSigma: deciding(notNegative('<s>'), {
    option: 'val-sigma',
    help: 'noise under which the model is judged too (default: --sigma)',
    label: 'Noise of the judgement (pixels in [0,1])',
  }),
  ...RECIPE,
  seed: changed(SEED, { help: 'seed of weights, batches, augmentation and noise' }),
  out: outOf('model folder to write'),
  resume: setting(flag(), { help: 'go on with a training that was begun; an error where there is none' }),
  provider: RUNNING.provider,
  threads: changed(RUNNING.threads, { help: 'threads of ONNX Runtime (default: all cores)' }),
  portable: setting(flag(), {
    help: 'compute with standard operators only; slower on the CPU, and differing in the last bits',
  }),
  ...INPUT,
  strict: READING.strict,
  ...SAYING,
} as const;
