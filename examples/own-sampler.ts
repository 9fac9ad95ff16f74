/**
 * The full certificate on noisy embeddings of your own making: plan on selection samples, count fresh estimation samples,
 * certify. Here the "encoder" is a formula and the picture has two pixels.
 */
import {
  AlphaBudget,
  binOf,
  certifyQuery,
  type Counters,
  dot,
  addCount,
  emptyCounters,
  FIXED_POINT,
  type GalleryView,
  vectorAt,
} from 'retrievalguard/certify';
import { planQuery } from 'retrievalguard/plan';

const sigma = 0.25;
const [selectionSamples, samples] = [512, 4_000];
const budget = AlphaBudget.fixed(samples, 0.001); // at most 0.1% of the certificates may be wrong
const gallery: GalleryView = {
  vectors: Float32Array.of(0.8, 0, 0.7, 0.2, -0.6, 0.5, 0, -0.8),
  dimension: 2,
  count: 4,
  labelIndex: Int32Array.of(0, 0, 1, 2),
};

/** The encoder: the direction of the picture, seen from (0.5, 0.5). Of norm 1, as every h has to be at most. */
function encode([x, y]: readonly number[]): Float32Array {
  const norm = Math.hypot(x - 0.5, y - 0.5);
  return Float32Array.of((x - 0.5) / norm, (y - 0.5) / norm);
}

// Fresh Gaussian noise. Selection and estimation must never share samples.
const normal = (): number =>
  Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const noisy = (): Float32Array => encode([0.95 + sigma * normal(), 0.55 + sigma * normal()]);

/** For each class the largest ⟨h,v⟩ − ‖v‖²/2 of its items: that of its nearest one. */
function scoresOf(h: Float32Array): number[] {
  const scores = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < gallery.count; i++) {
    const v = vectorAt(gallery, i);
    const label = gallery.labelIndex[i];
    scores[label] = Math.max(scores[label], dot(h, v) - dot(v, v) / 2);
  }
  return scores;
}
/** Class of the nearest item. */
const nearestLabel = (scores: readonly number[]): number => scores.indexOf(Math.max(...scores));

// 1. selection: choose what to count
const embeddings = new Float32Array(selectionSamples * gallery.dimension);
const votes = new Map<number, number>();
for (let i = 0; i < selectionSamples; i++) {
  const h = noisy();
  embeddings.set(h, i * gallery.dimension);
  addCount(votes, nearestLabel(scoresOf(h)));
}
const plan = planQuery(gallery, { embeddings, count: selectionSamples, votes }, { budget, sigma });

// 2. estimation: count fresh samples
const counters: Counters = emptyCounters(
  gallery.dimension,
  plan.statistics.map(({ bins }) => bins),
);
for (let i = 0; i < samples; i++) {
  const h = noisy();
  counters.samples++;
  const scores = scoresOf(h);
  addCount(counters.votes, nearestLabel(scores));
  // duels of the plan's class: lost to each other one that is at least as near
  const own = plan.vote.label;
  for (const [label, score] of scores.entries())
    if (label !== own && score >= scores[own]) addCount(counters.losses, label);
  for (let j = 0; j < h.length; j++) counters.sum[j] += BigInt(Math.round(h[j] * FIXED_POINT));
  for (const [j, statistic] of plan.statistics.entries()) {
    let value = -Infinity; // max over the members of w·(⟨h,b⟩ − ⟨h,a⟩ + o)
    for (const [m, negative] of statistic.members.entries()) {
      const difference =
        dot(h, vectorAt(gallery, negative)) - dot(h, vectorAt(gallery, statistic.anchors[m]));
      value = Math.max(value, statistic.weights[m] * (difference + statistic.offsets[m]));
    }
    counters.histograms[j][binOf(statistic, value)]++;
  }
}

// 3. certify
const { predicted, certificates } = certifyQuery(gallery, plan, counters, { budget });
console.log('class', predicted, certificates);
