import { type Dataset, openDataset, type OpenOptions } from '../datasets/index.ts';
import { warn } from './terminal.ts';

/** Opens a dataset and warns of what its user should know: what was left out, which labels were taken as one. */
export async function openData(spec: string, options?: OpenOptions): Promise<Dataset> {
  const dataset = await openDataset(spec, options);
  for (const note of dataset.notes) warn(note);
  return dataset;
}
