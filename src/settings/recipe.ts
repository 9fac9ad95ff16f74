/** From the settings of a recipe to what the trainer is told. */
import { RetrievalGuardError } from '../errors.ts';
import { CHARACTER_AUGMENTATION, PHOTO_AUGMENTATION } from '../training/data/types.ts';
import type { InitialModel } from '../training/initial-model.ts';
import { LOSSES } from '../training/losses/index.ts';
import type { TrainingConfiguration } from '../training/run/configuration.ts';
import { BACKBONES } from '../training/backbones/index.ts';
import type { ValuesOf } from './setting.ts';
import type { RECIPE } from './training.ts';

const AUGMENT = { none: {}, photo: PHOTO_AUGMENTATION, characters: CHARACTER_AUGMENTATION };

/**
 * What a recipe decides of a training: all but its data, its noise, its dimension and its seed.
 * @throws OPTION_INVALID for a batch that is no multiple of the images of a class
 */
export function recipeConfiguration(
  recipe: ValuesOf<typeof RECIPE>,
  { backbone, preprocessing }: InitialModel,
): Omit<
  TrainingConfiguration,
  | 'data'
  | 'dataFingerprint'
  | 'validation'
  | 'validationFingerprint'
  | 'dimension'
  | 'freeze'
  | 'sigma'
  | 'validationSigma'
  | 'seed'
> {
  const { batch, imagesPerClass: perClass, schedule: kind, warmup: warmupSteps } = recipe;
  const { augment = preprocessing.channels === 3 ? 'photo' : 'none' } = recipe;
  if (batch % perClass !== 0) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `a --batch that is a multiple of --images-per-class ${perClass}`,
      got: `--batch ${batch}`,
    });
  }
  return {
    backbone,
    preprocessing,
    augment: AUGMENT[augment],
    batch: { classes: batch / perClass, perClass },
    loss: { name: recipe.loss, options: recipe.lossOptions ?? {} },
    miner:
      LOSSES[recipe.loss].miner === 'none'
        ? null
        : { name: recipe.miner, options: recipe.minerOptions ?? {} },
    optimizer: { name: recipe.optimizer, options: {} },
    learningRate: recipe.learningRate ?? (Object.hasOwn(BACKBONES, recipe.backbone) ? 1e-3 : 1e-5),
    weightDecay: recipe.weightDecay,
    clipNorm: recipe.clipNorm ?? null,
    schedule:
      kind === 'multi-step'
        ? { kind, milestones: recipe.milestones, factor: recipe.decayFactor, warmupSteps }
        : { kind, warmupSteps },
    epochs: recipe.epochs,
    patience: recipe.patience ?? null,
  };
}
