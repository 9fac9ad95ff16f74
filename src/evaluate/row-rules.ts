/** Which rows can belong to a run: what its options, its dataset and its gallery allow. */
import { isOfVotes, lipschitzRadius, matrixBernsteinRadius, MOST_NORM } from '../certify/index.ts';
import type { Dataset } from '../datasets/index.ts';
import type { JournalRules } from '../runs/index.ts';
import type { Truth } from './own-item.ts';
import { mostSigmas } from './most-radius.ts';
import { rowSchema } from './schema.ts';
import { MOST_RADIUS, type Row, type RunManifest, type Method } from './schema.ts';
import { wrongSweep } from './sweep.ts';

/** What there is beside the rows to check them with. */
export interface Beside {
  /** The queries: no others have rows. */
  dataset?: Pick<Dataset, 'items'>;
  /** Items of each class of the gallery. */
  perClass?: ReadonlyMap<string, number>;
  /** The label by which a query is judged, where that is not the dataset's. */
  truth?: Truth;
}

/** The rules of a run's rows.jsonl. Labels of the dataset and classes of the gallery are checked where they are at hand. */
export function rowRules(
  { options }: Pick<RunManifest, 'options'>,
  { dataset, perClass, truth = ({ label }) => label }: Beside = {},
): JournalRules<Row> {
  const labels = dataset && new Map(dataset.items.map(({ id, label }) => [id, label]));
  const mislabelled = ({ query, label }: Row): string | null => {
    if (!labels) return null;
    const known = labels.get(query);
    if (known === undefined) return `'${query}', which is no query of the run`;
    const right = truth({ id: query, label: known });
    // its own item may also be known by the picture, which is not at hand
    if (right === undefined && (label === known || perClass?.has(label))) return null;
    return right === label ? null : `the label '${label}' for '${query}', which has '${right ?? known}'`;
  };
  const problem = (row: Row): string | null => {
    const others = Object.keys(row.methods).filter((method) => !options.methods.includes(method as Method));
    if (others.length > 0) return `the method ${others[0]}, which was not asked for`;
    const missing = options.methods.find((method) => !row.methods[method]);
    if (missing) return `nothing of the method ${missing}`;
    return (
      mislabelled(row) ??
      sweptOtherwise(row) ??
      ((row.file === undefined) === (options.pixels === 'file')
        ? row.file
          ? "the pixels of a file, although the run speaks of the model's input"
          : 'nothing of its file'
        : null) ??
      (row.error !== undefined ? notFailed(row) : (wrongAnswers(row) ?? wrongRadius(row)))
    );
  };

  /** A sweep that was not asked for, is missing, or says what cannot be. */
  const sweptOtherwise = ({ sweep }: Row): string | null => {
    if ((sweep === undefined) !== (options.sweep === undefined))
      return sweep ? 'a sweep, which was not asked for' : 'no sweep';
    return sweep && options.sweep ? wrongSweep(sweep, options.sweep, options) : null;
  };

  /** Scores and answers that contradict each other. */
  const wrongAnswers = (row: Row): string | null => {
    const { k, samples } = options;
    if (row.samples > samples) return `${row.samples} samples of at most ${samples}`;
    const ended = wrongEnd(row, options);
    if (ended) return ended;
    if (row.predicted !== row.nearest[0]?.label)
      return `the answer '${row.predicted}', which is not that of the nearest item`;
    const places = row.nearest.map(({ distance }) => distance);
    if (places.some((d, i) => !(d >= 0 && d <= 1 + MOST_NORM + 1e-5) || d < places[i - 1]))
      return `distances ${places.join(', ')} of its nearest items`;
    if (new Set(row.nearest.map(({ id }) => id)).size < row.nearest.length)
      return 'one item twice among the nearest';
    const right = row.nearest.slice(0, k).some(({ label }) => label === row.label);
    if (row.score !== (right ? 1 : 0)) return `a score of ${row.score} that its nearest items contradict`;
    const { base } = row;
    if (base.predicted === row.label ? base.score === 0 : base.score === 1 && k === 1)
      return `a base score of ${base.score} that its answer contradicts`;
    for (const system of ['vote', 'duel'] as const) {
      const answer = row[system];
      if (answer && answer.score !== (answer.predicted === row.label ? 1 : 0))
        return `a ${system}'s score of ${answer.score} that its answer contradicts`;
    }
    if (!row.hasPositive && anyRight(row)) return 'a right answer where no item has the label';
    return null;
  };

  /** Certificates of another answer than the row's, or of a radius that the samples cannot give. */
  const wrongRadius = (row: Row): string | null => {
    const { k, sigma, alpha, leaveOneOut, targetRadius, timeBudget } = options;
    for (const method of options.methods) {
      const found = row.methods[method]!;
      if (found.kind === 'abstain') continue;
      const { label, radius } = found;
      if (perClass && !perClass.has(label)) return `a certificate for '${label}', which the gallery lacks`;
      const answer = isOfVotes(method) ? row[method]?.predicted : k === 1 ? row.predicted : row.label;
      if (label !== answer) return `a certificate for '${label}' by ${method}, which answers '${answer}'`;
      if (!isOfVotes(method) && k > 1 && row.score === 0)
        return `a certificate by ${method} of a wrong answer`;
      if (radius === MOST_RADIUS && !isOfVotes(method)) {
        const own = leaveOneOut ? 1 : 0;
        const rivals = perClass
          ? [...perClass].reduce((sum, [name, items]) => sum + (name === label ? 0 : items), -own)
          : 0;
        if (
          row.margin === undefined &&
          row.nearest.filter((item) => item.label !== label).length < k &&
          rivals < k
        )
          continue;
        return `a radius without limit for ${method}, although other classes have items`;
      }
      let most = mostSigmas(method, row.samples, alpha) * sigma;
      // with limits, the margin of the last look is not that of the look with the largest radius
      if (method === 'paper' && targetRadius === null && timeBudget === null)
        most = Math.min(most, mostByMargin(row, options));
      if (!(radius > 0 && radius <= most))
        return `a radius of ${radius} for ${method}, which ${row.samples} samples cannot give at sigma ${sigma}`;
    }
    return null;
  };
  return { schema: rowSchema, key: ({ query }) => query, problem };
}

/**
 * paper's radius of the row's own margin, less the least uncertainty that its samples leave: in the 'estimated' setting that of one dimension, in the
 * 'deployed' one nearly none, of embeddings that are all alike. Where the nearest items
 * show the k-th of another class, the margin is half of how much further that is than the nearest item; otherwise it is less than 1.
 */
function mostByMargin(
  { margin = 0, samples, nearest, methods }: Row,
  { alpha, sigma, k, gallerySetting }: RunManifest['options'],
): number {
  const rival = nearest.filter(({ label }) => label !== methods.paper?.label)[k - 1];
  const shown = rival ? (rival.distance - nearest[0].distance) / 2 + 1e-9 : MOST_NORM;
  const least =
    gallerySetting === 'estimated' ? matrixBernsteinRadius({ samples, dimension: 1, alpha, bound: 1 }) : 0;
  const safe = Math.min(margin, shown) - least;
  return safe > 0 ? lipschitzRadius(safe, sigma, 1) * (1 + 1e-9) : 0;
}

/** What is wrong with where a query ended, if anything. */
function wrongEnd(
  { samples, stopped, seconds, methods }: Row,
  { samples: most, targetRadius, timeBudget }: RunManifest['options'],
): string | null {
  switch (stopped) {
    case 'samples':
      return samples === most ? null : `${samples} samples instead of ${most}`;
    case 'time':
      // rows have three digits of the seconds
      return timeBudget !== null && seconds >= timeBudget - 1e-3 ? null : 'an end by a time that is not over';
    case 'radius': {
      const largest = Math.max(...Object.values(methods).map(({ radius }) => radius));
      return targetRadius !== null && largest >= targetRadius * (1 - 1e-9)
        ? null
        : 'an end at a radius that is not certified';
    }
    case 'futility':
      return targetRadius === null ? 'an end for want of a radius that was not asked for' : null;
    default:
      return `an end by ${stopped ?? 'nothing'}`;
  }
}

/** Whether any system answers rightly. */
const anyRight = ({ score, base, vote, duel }: Row): boolean =>
  [score, base.score, vote?.score, duel?.score].includes(1);

/** What a row of a query that failed cannot say. */
function notFailed(row: Row): string | null {
  if (row.stopped !== undefined) return `an end by ${row.stopped} of a query that failed`;
  if (anyRight(row)) return 'a right answer of a query that failed';
  const certified = Object.entries(row.methods).find(([, found]) => found.kind === 'certified');
  return certified ? `a certificate by ${certified[0]} for a query that failed` : null;
}
