/** Every figure of a study. */
import type { StudyView } from '../view.ts';
import { costFigure } from './cost.ts';
import { lipschitzFigure } from './lipschitz.ts';
import { methodsFigure, radiusFigure } from './radius.ts';
import {
  alphaFigure,
  dimensionFigure,
  neededFigure,
  recallFigure,
  rejectionFigure,
  samplesFigure,
} from './sweeps.ts';
import type { Figure } from './figure.ts';

export { toPng } from '../../charts/index.ts';
export type { Figure } from './figure.ts';

/** Draws the figures of the experiments that the study asks for, in the order of the paper. */
export function drawFigures(view: StudyView): Figure[] {
  return [
    ...(view.wants('lipschitz') ? [lipschitzFigure()] : []),
    ...(view.wants('radius') ? [radiusFigure(view)] : []),
    ...(view.wants('samples') ? [rejectionFigure(view), samplesFigure(view)] : []),
    ...(view.wants('alpha') ? [alphaFigure(view)] : []),
    ...(view.wants('dimension') && view.dimensions.models.length > 0 ? [dimensionFigure(view)] : []),
    ...(view.wants('methods') ? [methodsFigure(view)] : []),
    ...(view.wants('needed') ? [neededFigure(view)] : []),
    ...(view.wants('cost') ? [costFigure(view)] : []),
    ...(view.wants('recall') ? [recallFigure(view)] : []),
  ];
}
