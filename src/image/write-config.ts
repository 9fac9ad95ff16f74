/** From resolved preprocessing back to a preprocessor_config.json. */
import { RESAMPLE_FILTERS } from './filters.ts';
import type { Preprocessing } from './preprocessing.ts';

/**
 * The content of a Hugging Face `preprocessor_config.json` that says what `preprocessing` does: `parsePreprocessing` of it, for a
 * model with the same input, gives the same record.
 */
export function preprocessorConfig(preprocessing: Preprocessing): Record<string, unknown> {
  const { resize, centerCrop, resample, mean, std } = preprocessing;
  const size =
    resize?.kind === 'exact'
      ? { height: resize.height, width: resize.width }
      : resize && {
          shortest_edge: resize.edge,
          ...(resize.max === undefined ? {} : { longest_edge: resize.max }),
        };
  return {
    do_resize: resize !== null,
    ...(size ? { size } : {}),
    resample: RESAMPLE_FILTERS.indexOf(resample),
    do_center_crop: centerCrop !== null,
    ...(centerCrop ? { crop_size: { height: centerCrop.height, width: centerCrop.width } } : {}),
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: [...mean],
    image_std: [...std],
  };
}
