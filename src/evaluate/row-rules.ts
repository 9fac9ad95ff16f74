/** Which rows can belong to a run: what its options, its dataset and its gallery allow. */
import { normalQuantile } from '../certify/index.ts';
import type { Dataset } from '../datasets/index.ts';
import type { JournalRules } from '../runs/index.ts';
import { rowSchema, skippedSchema } from './schema.ts';
import { type Method, MOST_RADIUS, type Row, type RunManifest, type SkippedRow } from './types.ts';

/**
 * The largest radius that n samples can give a method, in multiples of σ. vote: unanimous votes, Φ⁻¹(alpha^{1/n}) (certificates §5; its other
 * rule gives less). paper: minimum margins are at most 1, so 2Φ⁻¹(¾) (§2), and a little for norms up to 1 + 10⁻⁶. bisector and cdf have no
 * such bound of n alone; their search for a radius ends at 1000 (distributionRadius).
 */
function mostSigmas(method: Method, { samples, alpha }: RunManifest['options']): number {
  if (method === 'vote') return normalQuantile(alpha ** (1 / samples)) * (1 + 1e-9);
  return method === 'paper' ? 1.3491 : 1000;
}

/** The rules of skipped.jsonl: pictures that could not be read, once; a later resume may have read them. */
export const SKIPPED_RULES: JournalRules<SkippedRow> = { schema: skippedSchema, key: ({ query }) => query };

/**
 * The rules of a run's rows.jsonl. Dataset and labels of the gallery are checked where they are at hand. Rows are in the order of the
 * dataset, but for those of pictures that were skipped at first.
 */
export function rowRules(
  { options }: RunManifest,
  {
    dataset,
    labels,
    retried,
  }: { dataset?: Dataset; labels?: ReadonlySet<string>; retried?: ReadonlySet<string> } = {},
): JournalRules<Row> {
  const places =
    dataset && new Map(dataset.items.map((item, index) => [item.id, { index, label: item.label }]));
  let last = -1;
  const problem = (row: Row): string | null => {
    const place = places?.get(row.query);
    if (places && !place) return `'${row.query}', which is no query of the dataset`;
    if (place) {
      if (place.label !== row.label)
        return `the label '${row.label}' for '${row.query}', which has '${place.label}'`;
      if (!retried?.has(row.query)) {
        if (place.index < last) return `'${row.query}' out of the order of the dataset`;
        last = place.index;
      }
    }
    if (row.error !== undefined) return null;
    if (row.samples > options.samples) return `${row.samples} samples of at most ${options.samples}`;
    if (options.targetRadius === null && options.timeBudget === null && row.samples !== options.samples)
      return `${row.samples} samples instead of ${options.samples}`;
    const right = row.nearest.slice(0, options.k).some(({ label }) => label === row.label);
    if (row.score !== (right ? 1 : 0)) return `a score of ${row.score} that its nearest items contradict`;
    if (row.vote && row.vote.score !== (row.vote.predicted === row.label ? 1 : 0))
      return `a vote's score of ${row.vote.score} that its answer contradicts`;
    for (const method of options.methods) {
      const found = row.methods[method];
      if (!found) return `nothing of the method ${method}`;
      if (found.kind === 'abstain') continue;
      if (
        found.radius !== MOST_RADIUS &&
        !(found.radius > 0 && found.radius <= mostSigmas(method, options) * options.sigma)
      )
        return `a radius of ${found.radius} for ${method}, which ${options.samples} samples cannot give at sigma ${options.sigma}`;
      if (labels && !labels.has(found.label))
        return `a certificate for '${found.label}', which the gallery lacks`;
    }
    const others = Object.keys(row.methods).filter((method) => !options.methods.includes(method as Method));
    return others.length > 0 ? `the method ${others[0]}, which was not asked for` : null;
  };
  return { schema: rowSchema, key: ({ query }) => query, problem };
}
