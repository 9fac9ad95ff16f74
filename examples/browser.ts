/** Radii from counts that were made elsewhere. Pure: runs in a browser as it stands. */
import { bisectorMargin, lipschitzRadius, paperCertificate, voteCertificate } from 'retrievalguard/certify';

const sigma = 0.25; // in pixels of [0,1]
const alpha = 0.001;

// 9,700 of 10,000 noisy copies have a nearest item with this label, at most 200 one with any other label
const vote = voteCertificate({ hits: 9_700, runnerUp: 200, samples: 10_000, alpha, sigma });
console.log('vote', vote);

// the mean embedding of 10,000 noisy copies lies 0.31 from a right item and 0.94 from the nearest wrong one
const paper = paperCertificate({
  nearestPositive: 0.31,
  nearestNegative: 0.94,
  samples: 10_000,
  dimension: 128,
  gallerySize: 5_000,
  gallerySetting: 'deployed',
  alpha,
  sigma,
});
console.log('paper', paper);

// geometry: how far a smoothed embedding is from the bisector of two items, and the image distance that this takes
console.log('margin', lipschitzRadius(bisectorMargin([0.5, 0.1], [1, 0], [0, 1]), sigma));
