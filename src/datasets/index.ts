/**
 * Datasets: labelled images from folders, lists, CSV files, and the usual retrieval benchmarks as downloaded.
 *
 * @module datasets
 */
export { type OpenOptions, openDataset } from './open-dataset.ts';
export { drawSample, type SampleOptions, shuffledIndices, splitmix32 } from './sample.ts';
export {
  absoluteSpec,
  type ClassPart,
  type DataSpec,
  formatDataSpec,
  parseDataSpec,
  SCHEME_SPLITS,
  SCHEMES,
  type Scheme,
} from './spec.ts';
export { SPLITS, type Split, splitOf } from './splits.ts';
export type { Dataset, DatasetItem } from './dataset.ts';
