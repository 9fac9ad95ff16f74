/**
 * Certificates attacked where the worst perturbation is known: the encoder sees one coordinate t of the image, so a perturbation of
 * norm r does no more than one that moves t by r, and the smoothed answer there is an integral (test/helpers/simulate.ts).
 */
import {
  CERTIFICATE_METHODS,
  type CertificateMethod,
  AlphaBudget,
  certifyQuery,
  isOfVotes,
  radiusOf,
} from '../../src/certify/index.ts';
import { planQuery } from '../../src/plan/index.ts';
import { angle, mixture, plurality, rare, ray, sign } from '../../test/helpers/problems.ts';
import { Random } from '../../test/helpers/random.ts';
import {
  countSamples,
  drawEmbeddings,
  galleryOf,
  type LineProblem,
  LineTruth,
  selectionOf,
} from '../../test/helpers/simulate.ts';

/** What came out for an encoder and a method. */
export interface AttackedCase {
  encoder: string;
  method: CertificateMethod;
  /** (query, radius) pairs with a positive radius. */
  attacked: number;
  /** Those whose answer changes within the radius. */
  broken: number;
  /** Failures that alpha allows. */
  allowed: number;
  /** Mean of radius / true radius, over the queries with a finite one. */
  tightness: number;
}

/** So small that not one failure is expected. */
const ALPHA = 1e-7;
const SAMPLES = 1000;
const QUERIES = 40;
const REPETITIONS = 130;

/** A border with thin bands of the right answer beyond it. */
const bands: LineProblem = {
  ...sign,
  breaks: [0, 0.05, 0.4, 0.45, 0.8],
  embed: (t) => [bands.breaks.filter((end) => t >= end).length % 2 === 1 ? 1 : -1, 0],
  start: 1.6,
};

/** Sign of t with values so near each other that the bound of Lemma 3.3 is sharp for the vector itself. */
const near: LineProblem = {
  ...sign,
  items: [
    { vector: ray(0.1), label: 0 },
    { vector: ray(-0.1), label: 1 },
  ],
  breaks: [0],
  embed: (t) => ray(t >= 0 ? 0.1 : -0.1),
};

/** Encoder, and the interval of t from which its queries come. */
const ENCODERS: [name: string, problem: LineProblem, from: number, to: number][] = [
  ['sign of a linear form', sign, 0.3, 2],
  ['sign, values near each other', near, 0.3, 2],
  ['thin bands', bands, 1.2, 2.4],
  ['a rare bad value', rare, -0.4, 0.3],
  ['angle', angle, -0.3, 0.3],
  ['five values in space', mixture, -0.4, 0.4],
  ['seven classes', plurality, -0.4, 0.4],
  ['sign, small sigma', { ...sign, sigma: 0.1 }, 0.05, 0.25],
];

/** Certifies and attacks every encoder's queries. */
export function attackWorstCases(): AttackedCase[] {
  const budget = AlphaBudget.fixed(SAMPLES, ALPHA);
  return ENCODERS.flatMap(([encoder, problem, from, to], index) => {
    const random = new Random(4000 + index);
    const gallery = galleryOf(problem);
    const found = CERTIFICATE_METHODS.map((method) => ({
      method,
      attacked: 0,
      broken: 0,
      ratios: [] as number[],
    }));
    for (let query = 0; query < QUERIES; query++) {
      const at = { ...problem, start: from + (to - from) * random.uniform() };
      const truth = new LineTruth(at);
      const selection = selectionOf(at, drawEmbeddings(at, random, 128));
      const plan = planQuery(gallery, selection, {
        budget,
        sigma: at.sigma,
        bins: 64,
      });
      const positives = new Set(plan.positives);
      const trueRadius = {
        mean: truth.embeddingRadius((item) => positives.has(item)),
        vote: truth.voteRadius(plan.vote.label),
        duel: truth.duelRadius(plan.vote.label),
      };
      for (let repetition = 0; repetition < REPETITIONS; repetition++) {
        const counters = countSamples(at, plan, drawEmbeddings(at, random, SAMPLES));
        const { certificates } = certifyQuery(gallery, plan, counters, { budget });
        for (const entry of found) {
          const radius = radiusOf(certificates[entry.method]!);
          if (!(radius > 0)) continue;
          entry.attacked++;
          const limit = isOfVotes(entry.method) ? trueRadius[entry.method] : trueRadius.mean;
          if (Number.isFinite(limit) && limit > 0) entry.ratios.push(Math.min(radius, 100) / limit);
          if (changes(truth, entry.method, radius, positives, plan.vote.label, problem)) entry.broken++;
        }
      }
    }
    return found.map(({ method, attacked, broken, ratios }) => ({
      encoder,
      method,
      attacked,
      broken,
      allowed: attacked * ALPHA,
      tightness: ratios.reduce((a, b) => a + b, 0) / Math.max(1, ratios.length),
    }));
  });
}

/** Whether the exact answer changes at the ends of the ball, just inside, or half-way. */
function changes(
  truth: LineTruth,
  method: CertificateMethod,
  radius: number,
  positives: ReadonlySet<number>,
  label: number,
  { items }: LineProblem,
): boolean {
  const reach = Math.min(radius, 1e3) * (1 - 1e-6);
  return [-reach, reach, -reach / 2, reach / 2].some((move) => {
    const { g, shares, lost } = truth.at(move, label);
    if (method === 'duel') return lost.some((share) => share > 0.5);
    if (method === 'vote') return shares.some((share, other) => other !== label && share > shares[label]);
    const squares = items.map(({ vector }) => vector.reduce((sum, x, i) => sum + (x - g[i]) ** 2, 0));
    const least = (isPositive: boolean): number =>
      Math.min(...squares.filter((_, item) => positives.has(item) === isPositive));
    return least(false) < least(true);
  });
}
