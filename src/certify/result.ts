import { inputError, requireNumber } from '../stats/require.ts';

/** Why a certificate abstained. An abstention is a result, not an error. */
export type AbstainReason =
  /** The estimated margin does not exceed its own uncertainty: more samples may certify, see `samplesNeeded`. */
  | 'too-few-samples'
  /** Another answer wins by more than the uncertainty of the estimate: the label asked about is not the answer at this query. */
  | 'wrong-answer'
  /** Another answer is ahead at the estimate, but by less than its uncertainty: these samples do not tell which of the two it is. */
  | 'near-tie'
  /** The margin is so small that a positive radius is out of reach of this method at any n. */
  | 'no-margin'
  /** The gallery holds no item of the label asked about. */
  | 'no-positive';

/** A radius that holds with probability at least 1 − alpha over the noise that was drawn. */
export interface Certified {
  kind: 'certified';
  /** ℓ2, in [0,1] pixel units, > 0: no perturbation of smaller norm changes the answer. */
  radius: number;
}

/** No positive radius could be certified. */
export interface Abstained {
  kind: 'abstain';
  reason: AbstainReason;
  /** About how many estimation samples would certify a positive radius; absent when no number would, or none is known. */
  samplesNeeded?: number;
}

/** What a certificate says of one query. */
export type Certificate = Certified | Abstained;

/** A certified radius; a radius of 0 or less is an abstention for want of samples. */
export function certified(radius: number, samplesNeeded?: number): Certificate {
  requireNumber('radius', radius);
  return radius > 0 ? { kind: 'certified', radius } : abstain('too-few-samples', samplesNeeded);
}

/** The certificate, its radius shorter by `length` ≥ 0; an abstention where nothing is left. */
export function shortened(certificate: Certificate, length: number): Certificate {
  requireNumber('length', length);
  if (!(length >= 0)) throw inputError('a length >= 0', `length = ${length}`);
  return certificate.kind === 'abstain' || length === 0
    ? certificate
    : certified(certificate.radius - length);
}

/** An abstention. */
export function abstain(reason: AbstainReason, samplesNeeded?: number): Abstained {
  return samplesNeeded !== undefined && Number.isFinite(samplesNeeded)
    ? { kind: 'abstain', reason, samplesNeeded: Math.ceil(samplesNeeded) }
    : { kind: 'abstain', reason };
}

/** The certified radius, 0 for an abstention. */
export const radiusOf = (certificate: Certificate): number =>
  certificate.kind === 'certified' ? certificate.radius : 0;
