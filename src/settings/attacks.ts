/** Settings of `attack` and `audit`. */
import { LIMITS } from '../limits.ts';
import { ALPHA, LEAVE_ONE_OUT, OWN_GALLERY_SAMPLES, SIGMA } from './certification.ts';
import { choice, choices, flag, list, positive, text, whole } from './kinds.ts';
import { changed, deciding, required, setting, withDefault } from './setting.ts';
import { DATA, GALLERY, INPUT, MODEL, OUT, outOf, PIXELS, READING, RUNNING, SAYING, SEED } from './shared.ts';

/** The attacks. */
export const ATTACKS = ['pgd', 'cw', 'search'] as const;
/** The systems that can be attacked: the undefended one, the smoothed embedding's, the votes' and the duels'. */
export const SYSTEMS = ['base', 'mean', 'vote', 'duel'] as const;

const steps = deciding(whole(LIMITS.steps), { help: 'gradient steps', label: 'Gradient steps' });
const restarts = deciding(whole(LIMITS.restarts), { help: 'random starts', label: 'Random starts' });
const samples = deciding(whole(LIMITS.attackSamples), {
  help: 'noisy copies in each step',
  label: 'Noisy copies in each step',
});
const judgeSamples = deciding(whole(LIMITS.judgeSamples), {
  help: 'fresh samples that judge',
  label: 'Fresh samples that judge a success',
});
const clip = deciding(flag(), { help: 'keep the pixels in [0,1]', label: 'Pixels kept in [0,1]' });

/** `attack` */
export const ATTACK = {
  ...DATA,
  gallery: GALLERY,
  leaveOneOut: LEAVE_ONE_OUT,
  gallerySamples: changed(OWN_GALLERY_SAMPLES, {
    help: 'with --leave-one-out alone and a smoothed system: noisy copies of each vector',
  }),
  radii: required(
    deciding(list(positive('<r>'), { ascending: true }), {
      option: 'radius',
      help: 'ℓ2 norms that a change has at most, separated by commas',
      label: 'Radii',
    }),
  ),
  system: withDefault(
    deciding(choice(SYSTEMS, '<which>'), {
      help: 'the undefended encoder; nearest to the mean embedding; majority of votes; duels of labels',
      label: 'System under attack',
    }),
    'base',
  ),
  sigma: SIGMA,
  attacks: withDefault(
    deciding(choices(ATTACKS, '<names>'), {
      option: 'attack',
      help: 'pgd: projected gradient descent; cw: search for the smallest change; search: random changes, without gradients',
      label: 'Attacks',
    }),
    ['pgd', 'cw'],
    { defaultText: 'pgd,cw' },
  ),
  steps: withDefault(steps, 40, { help: 'gradient steps (cw takes twice, search five times as many)' }),
  restarts: withDefault(restarts, 1, { help: 'random starts of pgd, the first from the image itself' }),
  samples: withDefault(samples, 16, { help: 'noisy copies in each step against a smoothed system' }),
  judgeSamples: withDefault(judgeSamples, 2000, {
    help: 'fresh samples that judge a success against a smoothed system',
  }),
  alpha: ALPHA,
  clip,
  pixels: changed(PIXELS, {
    help: 'what is changed: the picture that the model sees; or the pixels of the file before a resize without rounding, always in [0,1] (--radius is then in these)',
    label: 'Pixels that are changed',
  }),
  seed: SEED,
  out: OUT,
  ...MODEL,
  ...READING,
  ...SAYING,
} as const;

/** `audit` */
export const AUDIT = {
  model: setting(text('<path>'), { help: 'where the encoder of the run is now (default: where it was)' }),
  gallery: setting(text('<folder>'), { help: 'where the gallery of the run is now (default: where it was)' }),
  ...RUNNING,
  ...INPUT,
  limit: setting(whole(LIMITS.items), { help: 'the first n queries of the run' }),
  steps: withDefault(steps, 20, { help: 'gradient steps for each certificate' }),
  restarts: withDefault(restarts, 1, { help: 'random starts, the first from the image itself' }),
  samples: withDefault(samples, 16),
  judgeSamples: withDefault(judgeSamples, 5000, {
    help: 'fresh samples that judge what the attack finds suspicious',
  }),
  clip,
  seed: withDefault(SEED, 1, { help: "seed of the attack's noise and starts" }),
  out: outOf('folder to write'),
  maxPixels: READING.maxPixels,
  ...SAYING,
} as const;
