/** Settings of `index`, `query` and `certify`. */
import { CERTIFICATE_METHODS, DEFAULT_METHODS } from '../certify/index.ts';
import { LIMITS } from '../limits.ts';
import {
  choice,
  choices,
  failure,
  flag,
  list,
  notNegative,
  positive,
  text,
  whole,
  wholeOr,
} from './kinds.ts';
import { changed, deciding, required, setting, withDefault } from './setting.ts';
import { DATA, GALLERY, MODEL, OUT, outOf, PIXELS, READING, SAYING, SECRET, SEED } from './shared.ts';

/** Standard deviation of the noise, in pixels of [0,1]. */
export const SIGMA = deciding(positive('<s>'), {
  help: 'standard deviation of the noise, in pixels of [0,1]',
  label: 'σ, standard deviation of the noise (pixels in [0,1])',
});

/** Failure probability of each certificate. */
export const ALPHA = withDefault(
  deciding(failure(), {
    help: 'failure probability of each certificate',
    label: 'α, failure probability of a certificate',
  }),
  0.001,
);

/** Samples that choose what to count. */
export const SELECTION = withDefault(
  deciding(whole(LIMITS.selection), {
    help: 'samples that choose what to count',
    label: 'Selection samples a query',
  }),
  512,
);

/** The same, of queries that may be looked at as their samples come. */
const SELECTION_OR_AUTO = withDefault(
  deciding(wholeOr(LIMITS.selection, 'auto'), {
    help: 'samples that choose what to count, or auto: 16 to 32 for duel and vote alone with a target radius or a time budget, else 512',
    label: 'Selection samples a query',
  }),
  'auto',
);

/** Estimation samples of each query. */
export const SAMPLES = withDefault(
  deciding(whole(LIMITS.samples), {
    help: 'estimation samples of each query',
    label: 'Estimation samples a query, at most',
  }),
  10_000,
);

/** Which certificates. */
export const METHODS = withDefault(
  deciding(choices(CERTIFICATE_METHODS, '<names>'), {
    option: 'method',
    help: 'certificates, separated by commas',
    label: 'Methods',
  }),
  [...DEFAULT_METHODS],
  { defaultText: DEFAULT_METHODS.join(',') },
);

/** Recall@k. */
export const K = withDefault(
  deciding(whole(LIMITS.k), {
    help: 'Recall@k: a right item among the k nearest',
    label: 'k, nearest items that count',
  }),
  1,
);

/** What paper takes the gallery's vectors for. */
export const GALLERY_SETTING = withDefault(
  deciding(choice(['deployed', 'estimated'], '<which>'), {
    help: "for paper: the gallery as it is stored, with a ball by variance; or as an estimate itself, the paper's own statement",
    label: 'Gallery vectors taken as',
  }),
  'deployed',
);

/** Whether queries use the same noise. */
export const SHARED_NOISE = deciding(flag(), {
  option: 'share-noise',
  help: 'all queries use the same noise: faster with small encoders, each certificate as valid',
  label: 'Queries share their noise',
});

/** Leave-one-out. */
export const LEAVE_ONE_OUT = deciding(flag(), {
  help: 'each query is left out of the gallery, which is the dataset itself where no --gallery is given',
  label: 'Leave one out',
});

/** Instance search. */
export const IDENTITY = deciding(flag(), {
  help: "instance search: each item is its own label, its id, and certificates say that one item stays the answer; items of equal vectors count as one. A query's own item is the one that its label names, or that has its id or is the same picture",
  label: 'Items are their own labels',
});

/** Noisy copies behind each vector of a gallery. */
export const GALLERY_SAMPLES = setting(whole(LIMITS.gallerySamples), {
  help: 'noisy copies of each image; 0 stores clean embeddings',
});

/** Of a gallery that a run makes of its own dataset. */
export const OWN_GALLERY_SAMPLES = withDefault(
  changed(GALLERY_SAMPLES, { kind: whole(LIMITS.ownGallerySamples) }),
  256,
  { help: 'with --leave-one-out alone: noisy copies averaged into each gallery vector' },
);

/** A radius at which a query may stop. */
export const TARGET_RADIUS = deciding(positive('<r>'), {
  help: 'stop a query as soon as this radius is certified, or seen to be out of reach',
  label: 'Target radius',
});

/** A time after which a query may stop. */
const TIME_BUDGET = deciding(positive('<seconds>'), {
  help: 'stop a query at the first look after so many seconds, and certify what its samples give by then',
  label: 'Time budget a query (s)',
});

/** A radius that something is evaluated at. */
export const RADIUS = notNegative('<r>');

/** `certify` */
export const CERTIFY = {
  ...DATA,
  gallery: GALLERY,
  leaveOneOut: LEAVE_ONE_OUT,
  identity: IDENTITY,
  gallerySamples: OWN_GALLERY_SAMPLES,
  sigma: required(SIGMA),
  methods: METHODS,
  gallerySetting: GALLERY_SETTING,
  k: K,
  samples: SAMPLES,
  selection: SELECTION_OR_AUTO,
  alpha: ALPHA,
  targetRadius: TARGET_RADIUS,
  timeBudget: TIME_BUDGET,
  sharedNoise: SHARED_NOISE,
  radii: setting(list(RADIUS, { ascending: true }), {
    help: 'radii of the summary, separated by commas (default: 0, σ/4, … 4σ)',
  }),
  seed: SEED,
  secret: SECRET,
  pixels: PIXELS,
  out: OUT,
  ...MODEL,
  ...READING,
  ...SAYING,
} as const;

/** `index` */
export const INDEX = {
  ...DATA,
  sigma: SIGMA,
  samples: withDefault(GALLERY_SAMPLES, 256),
  identity: setting(flag(), { help: 'for instance search: images of one class will do' }),
  out: outOf('gallery folder to write'),
  overwrite: setting(flag(), { help: 'replace a gallery that exists' }),
  seed: SEED,
  pixels: PIXELS,
  ...MODEL,
  ...READING,
  ...SAYING,
} as const;

/** `query` */
export const QUERY = {
  gallery: required(GALLERY),
  k: withDefault(K, 5, { help: 'items to show' }),
  identity: changed(IDENTITY, {
    help: 'instance search: each item is its own label, its id, and items of equal vectors count as one',
  }),
  certify: setting(choices(CERTIFICATE_METHODS, '[methods]'), {
    help: 'certify the predicted label; methods separated by commas, default cdf,duel; write it after the images, or as --certify=cdf',
    bare: ['cdf', 'duel'],
  }),
  sigma: changed(SIGMA, { help: 'noise, in pixels of [0,1] (default: that of the gallery)' }),
  samples: setting(whole(LIMITS.gallerySamples), {
    help: 'noisy copies of each image; 0: the undefended answer (default: 10000 with --certify, else as many as the gallery has per item)',
  }),
  selection: SELECTION_OR_AUTO,
  alpha: ALPHA,
  targetRadius: TARGET_RADIUS,
  timeBudget: TIME_BUDGET,
  seed: deciding(SEED.kind, {
    help: 'seed of the noise (default: 0; with --certify a secret one, drawn anew each time)',
    conflicts: ['secret'],
  }),
  secret: SECRET,
  pixels: PIXELS,
  ...MODEL,
  maxPixels: READING.maxPixels,
  ...SAYING,
} as const;

/** `report` */
export const REPORT = {
  out: required(setting(text('<file>'), { help: 'HTML file to write' })),
  title: setting(text('<text>'), { help: 'heading of the page' }),
  cards: withDefault(setting(whole(LIMITS.cards), { help: 'queries shown in each group' }), 6),
  pictures: withDefault(
    setting(whole(LIMITS.pictures), {
      help: 'small pictures in the table of all queries (first queries and their nearest items)',
    }),
    2000,
  ),
  quiet: SAYING.quiet,
} as const;
