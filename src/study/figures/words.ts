/** Sentences that captions share. */
import type { Cell } from '../../evaluate/index.ts';
import type { StudyView } from '../view.ts';
import { count } from '../../words.ts';

/** 10000 → "10,000". */
export const thousands = (value: number): string => value.toLocaleString('en-US');

/** How many samples, and how sure. */
export function samplesText({ study }: StudyView, { samples, alpha }: Cell): string {
  return `n = ${count(samples, 'sample')} of each query, after ${thousands(study.sampling.selection)} that choose what to count; each certificate holds with probability at least 1 − ${alpha}.`;
}

/** What the bands are. */
export function bandText({ result }: StudyView): string {
  const queries = result.runs[0].rows.length;
  return `Bands: 95% Wilson intervals over the ${count(queries, 'query')}, for other queries of the same kind; they are not about the noise.`;
}

/** That a sweep shares samples. */
export const SHARED =
  'All points are computed from the counters of one run: they share samples, each certificate is valid by itself, and nothing was sampled again.';

/** "r = 0.25". */
export const radiusTitle = (radius: number): string => `r = ${Number(radius.toPrecision(4))}`;
