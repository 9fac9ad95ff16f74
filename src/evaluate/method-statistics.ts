/** What rows say of a method in numbers. */
import { isOfVotes } from '../certify/index.ts';
import type { Method, Row, Summary } from './schema.ts';
import { type Step, survivalCurve } from './curve.ts';
import { inFile } from './file-radii.ts';

/** The methods in the order in which one is chosen to speak for a run: what certifies the smoothed embedding's answer best first. */
export const PREFERRED: readonly Method[] = ['cdf', 'duel', 'vote', 'bisector', 'paper'];

/** Abstentions of one reason. */
export interface Abstentions {
  reason: string;
  /** Queries, whatever their score. */
  count: number;
  /** Of the queries for which a number of samples is known that would probably certify them: that number. Ascending. */
  samplesNeeded: number[];
}

/** One method on one run. */
export interface MethodStatistics {
  method: Method;
  queries: number;
  /** Queries that the system which this method certifies answers correctly. */
  score1: number;
  /** Of those, the ones with a positive radius. */
  certified: number;
  /** Certified Recall against the radius. */
  curve: Step[];
  /** Over the queries with score 1; an abstention counts 0. NaN when there are none. */
  meanRadius: number;
  medianRadius: number;
  maxRadius: number;
  /** The same two in the pixels of the files; NaN where the run does not speak of them. */
  meanFileRadius: number;
  medianFileRadius: number;
  /** Share of the queries with score 1 without a positive radius. NaN when there are none. */
  rejectionRatio: number;
  /** Most frequent first. */
  abstentions: Abstentions[];
}

/** 1 when the system that `method` certifies answers this query correctly: that of votes or duels for `vote` and `duel`, else the smoothed embedding. */
export function scoreOf(row: Row, method: Method): 0 | 1 {
  return (isOfVotes(method) ? row[method]?.score : undefined) ?? row.score;
}

/** The radius within which this query's *correct* answer is certified; 0 for a wrong answer or an abstention. */
export function correctRadius(row: Row, method: Method): number {
  const found = row.methods[method];
  return found?.kind === 'certified' && found.label === row.label && scoreOf(row, method) === 1
    ? found.radius
    : 0;
}

/** The same in the pixels of the query's file; NaN where the run does not speak of files. */
export const correctFileRadius = (row: Row, method: Method): number =>
  row.file ? inFile(correctRadius(row, method), row.file) : Number.NaN;

/** All numbers of one method over some rows. */
export function methodStatistics(rows: readonly Row[], method: Method): MethodStatistics {
  const correct = rows.filter((row) => scoreOf(row, method) === 1);
  const radii = correct.map((row) => correctRadius(row, method));
  const inFiles = correct.map((row) => correctFileRadius(row, method));
  const certified = radii.filter((radius) => radius > 0).length;
  return {
    method,
    queries: rows.length,
    score1: correct.length,
    certified,
    curve: survivalCurve(radii, rows.length),
    meanRadius: mean(radii),
    medianRadius: median(radii),
    maxRadius: radii.reduce((most, radius) => Math.max(most, radius), 0),
    meanFileRadius: mean(inFiles),
    medianFileRadius: inFiles.some(Number.isNaN) ? Number.NaN : median(inFiles),
    rejectionRatio: (correct.length - certified) / correct.length,
    abstentions: abstentionsOf(rows, method),
  };
}

function abstentionsOf(rows: readonly Row[], method: Method): Abstentions[] {
  const byReason = new Map<string, Abstentions>();
  for (const row of rows) {
    const found = row.methods[method];
    if (found?.kind !== 'abstain') continue;
    const { reason, samplesNeeded } = found;
    const entry = byReason.get(reason) ?? { reason, count: 0, samplesNeeded: [] };
    byReason.set(reason, entry);
    entry.count++;
    if (samplesNeeded !== undefined) entry.samplesNeeded.push(samplesNeeded);
  }
  for (const entry of byReason.values()) entry.samplesNeeded.sort((a, b) => a - b);
  return [...byReason.values()].sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
}

/** Share of the queries that each system answers rightly; of votes and duels only where they were asked. NaN of nothing. */
export function recallOf(rows: readonly Row[]): Summary['recallAt1'] {
  const scores = (system: 'vote' | 'duel'): number[] =>
    rows.flatMap((row) => (row[system] ? [row[system].score] : []));
  const [votes, duels] = [scores('vote'), scores('duel')];
  return {
    base: mean(rows.map(({ base }) => base.score)),
    smoothed: mean(rows.map(({ score }) => score)),
    ...(votes.length > 0 && { vote: mean(votes) }),
    ...(duels.length > 0 && { duel: mean(duels) }),
  };
}

/** Arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
