/** Counters of more samples than a simulation can draw: those of a few, times as many. */
import type { Counters, LabelCounts } from '../../src/certify/index.ts';

const timesEach = (counts: LabelCounts, times: number): LabelCounts =>
  new Map([...counts].map(([label, count]) => [label, count * times]));
const sumOf = (a: LabelCounts, b: LabelCounts): LabelCounts =>
  new Map([...a.keys(), ...b.keys()].map((label) => [label, (a.get(label) ?? 0) + (b.get(label) ?? 0)]));

/** `times` samples like each of those that were counted. */
export function timesCounted(counters: Counters, times: number): Counters {
  return {
    samples: counters.samples * times,
    sum: counters.sum.map((value) => value * BigInt(times)),
    histograms: counters.histograms.map((bins) => bins.map((count) => count * times)),
    votes: timesEach(counters.votes, times),
    untold: counters.untold * times,
    losses: timesEach(counters.losses, times),
    lostToAll: counters.lostToAll * times,
  };
}

/** Both together. */
export function addedCounters(a: Counters, b: Counters): Counters {
  return {
    samples: a.samples + b.samples,
    sum: a.sum.map((value, i) => value + b.sum[i]),
    histograms: a.histograms.map((bins, j) => bins.map((count, i) => count + b.histograms[j][i])),
    votes: sumOf(a.votes, b.votes),
    untold: a.untold + b.untold,
    losses: sumOf(a.losses, b.losses),
    lostToAll: a.lostToAll + b.lostToAll,
  };
}
