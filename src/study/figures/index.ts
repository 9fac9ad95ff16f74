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
import type { Figure } from './types.ts';

export { toPng } from './png.ts';
export type { Figure } from './types.ts';

/** Draws the figures of the experiments that the study asks for, in the order of the paper. */
export async function drawFigures(view: StudyView): Promise<Figure[]> {
  const wanted: (() => Promise<Figure>)[] = [
    ...(view.wants('lipschitz') ? [lipschitzFigure] : []),
    ...(view.wants('radius') ? [() => radiusFigure(view)] : []),
    ...(view.wants('samples') ? [() => rejectionFigure(view), () => samplesFigure(view)] : []),
    ...(view.wants('alpha') ? [() => alphaFigure(view)] : []),
    ...(view.wants('dimension') && view.dimensions.models.length > 0 ? [() => dimensionFigure(view)] : []),
    ...(view.wants('methods') ? [() => methodsFigure(view)] : []),
    ...(view.wants('needed') ? [() => neededFigure(view)] : []),
    ...(view.wants('cost') ? [() => costFigure(view)] : []),
    ...(view.wants('recall') ? [() => recallFigure(view)] : []),
  ];
  const figures: Figure[] = [];
  for (const draw of wanted) figures.push(await draw());
  return figures;
}
