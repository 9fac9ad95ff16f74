/** Argument checks shared by src/stats: each returns nothing and throws CERTIFICATE_INPUT. */
import { RetrievalGuardError } from '../errors.ts';

/** Builds the error every check of this folder throws. */
export function inputError(expected: string, got: string, fix?: string): RetrievalGuardError {
  return new RetrievalGuardError('CERTIFICATE_INPUT', { expected, got, fix });
}

/** Throws unless `value` is a number (infinities are numbers, NaN is not). */
export function requireNumber(name: string, value: number): void {
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw inputError(`${name} to be a number`, `${name} = ${value}`, 'Look for a 0/0 in what computed it.');
  }
}

/** Throws unless value ≥ 0; infinity will do. */
export function requireAtLeastZero(name: string, value: number): void {
  if (!(value >= 0)) throw inputError(`${name} >= 0`, `${name} = ${value}`);
}

/** Throws unless 0 ≤ value ≤ 1. */
export function requireProbability(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) {
    throw inputError(
      `0 <= ${name} <= 1`,
      `${name} = ${value}`,
      'A probability is a share, not a percentage.',
    );
  }
}

/** Throws unless 0 < alpha < 1. */
export function requireAlpha(alpha: number): void {
  if (!(alpha > 0 && alpha < 1)) {
    throw inputError(
      '0 < alpha < 1',
      `alpha = ${alpha}`,
      'alpha is the failure probability, 0.001 for a confidence of 99.9%.',
    );
  }
}

/** Throws unless `value` is finite and > 0. */
export function requirePositive(name: string, value: number): void {
  if (!(value > 0 && value < Infinity)) {
    throw inputError(`a finite ${name} > 0`, `${name} = ${value}`);
  }
}

/** Throws unless `value` is an integer that float64 holds exactly, and ≥ least. */
export function requireCount(name: string, value: number, least: number): void {
  if (!(Number.isSafeInteger(value) && value >= least)) {
    throw inputError(`an integer ${name} >= ${least}`, `${name} = ${value}`);
  }
}

/** Throws unless 0 ≤ successes ≤ samples, both integers, samples ≥ 1. */
export function requireSuccesses(successes: number, samples: number): void {
  requireCount('samples', samples, 1);
  requireCount('successes', successes, 0);
  if (successes > samples) {
    throw inputError(
      'successes <= samples',
      `successes = ${successes}, samples = ${samples}`,
      'The order of the arguments is (successes, samples).',
    );
  }
}
