/** The statistics beneath the certificates. */
import {
  clopperPearsonLower,
  meanBallRadius,
  normalQuantile,
  samplesForClopperPearsonLower,
} from 'retrievalguard/stats';

// the radius of σ = 1 that 9,900 of 10,000 votes certify at α = 0.001
const lower = clopperPearsonLower(9_900, 10_000, 0.001);
console.log('share of votes at least', lower, 'radius', normalQuantile(lower));

// votes, all of one label, that prove a share of 99%
console.log('samples', samplesForClopperPearsonLower(0.99, 0.001));

// how far the mean of 10,000 unit vectors, of norm 0.7, may be from its expectation
console.log('ball', meanBallRadius({ samples: 10_000, alpha: 0.001, meanNorm: 0.7 }));
