import type { Row } from './schema.ts';

/** Why a method abstains, in words. */
const REASONS: Record<string, { short: string; long: string }> = {
  'too-few-samples': { short: 'too few samples', long: 'Too few samples for the margin: more may certify' },
  'wrong-answer': {
    short: 'wrong answer',
    long: 'Another label is the answer, so there is nothing to certify',
  },
  'near-tie': {
    short: 'near tie',
    long: 'Two answers are too close to tell which is ahead: more samples may',
  },
  failed: { short: 'failed', long: 'Something went wrong with this query alone; its row says what' },
  'no-margin': {
    short: 'margin too small',
    long: 'The margin is too small for this method with any number of samples',
  },
  'no-positive': {
    short: 'label not in the gallery',
    long: "The gallery holds no item of the query's label",
  },
};

/** An abstention's reason in words; a reason that is not known here stands for itself. */
export function reasonText(reason: string): string {
  return REASONS[reason]?.long ?? reason;
}

/** The same in two or three words. */
export function reasonInShort(reason: string): string {
  return REASONS[reason]?.short ?? reason;
}

/** Why a query had no more samples, in words. */
export const STOPPED: Record<NonNullable<Row['stopped']>, string> = {
  radius: 'the target radius is certified',
  samples: 'all samples are counted',
  futility: 'the target radius is out of reach',
  time: 'the time is over',
  signal: 'stopped',
};
