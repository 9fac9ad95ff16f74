/**
 * Attacks on retrieval: on the undefended system, on the smoothed ones, and on certificates.
 *
 * @module attack
 */
export { candidateAttack, type AttackedCandidate, type CandidateOptions } from './candidate.ts';
export { type BallOptions, distanceOf, project } from './ball.ts';
export { EncoderGradient, type GradientBatch } from './encoder-gradient.ts';
export { type CriticalPair, criticalPair, type Goal, halfSquaresOf, targeted, untargeted } from './goal.ts';
export { judge, type JudgeOptions, type Verdict } from './judge.ts';
export { minimalNorm, type MinimalNormOptions } from './minimal-norm.ts';
export { pgd, type PgdOptions } from './pgd.ts';
export { randomSearch, type SearchOptions } from './search.ts';
export {
  attackSmoothed,
  type SmoothedAttackOptions,
  type SmoothedCandidate,
  type SmoothedSystem,
  type SmoothedSystemKind,
} from './smoothed.ts';
export type { Attacked, BaseSystem, PictureMap, Victim } from './victims.ts';
