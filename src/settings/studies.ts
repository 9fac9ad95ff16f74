/** Settings of the command `study`; what a study file says stands in study/schema.ts. */
import { choice, flag, namedTexts, text } from './kinds.ts';
import { changed, setting } from './setting.ts';
import { outOf, RUNNING, SAYING } from './shared.ts';
import { RECIPE, TRAIN } from './training.ts';

/** Studies that come with the package. */
export const PRESETS = ['small', 'paper'] as const;

/** `study` */
export const STUDY = {
  preset: setting(choice(PRESETS, '<name>'), {
    help: 'a study that comes with the package, in place of a file',
  }),
  print: setting(choice(PRESETS, '<name>'), { help: 'print the file of such a study and end' }),
  data: setting(text('<spec>'), {
    help: 'images that are searched, in the notation of the other commands; without a split, its training part trains the models and its test part is searched',
  }),
  trainData: setting(text('<spec>'), {
    help: 'images that models are trained on, where --data does not say',
  }),
  validation: changed(TRAIN.validation, { help: 'held-out images on which trainings are judged' }),
  models: setting(namedTexts('folder'), {
    option: 'model',
    help: 'use a model that exists, repeatable; in place of the models of the study. {sigma} and {dim} in the folder stand for the values of a run',
  }),
  backbone: setting(RECIPE.backbone.kind, {
    help: 'network that trainings start from, in place of that of the study; as for train',
  }),
  out: { ...outOf('folder of the study'), given: false },
  dryRun: setting(flag(), { help: 'say what it would cost and end' }),
  ...RUNNING,
  ...SAYING,
} as const;
