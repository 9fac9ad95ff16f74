/** Radii from counts that were made elsewhere. Pure: runs in a browser as it stands. */
import {
  AnyTime,
  bisectorMargin,
  duelCertificate,
  lipschitzRadius,
  paperCertificate,
} from 'retrievalguard/certify';

const sigma = 0.25; // in pixels of [0,1]
const alpha = 0.001;

// of 10,000 noisy copies 200 were at least as near to one other label as to this one, 80 to another, 20 to a third, none to 37 more
const lostTo = [200, 80, 20];
const duel = duelCertificate({ lostTo, lostToAll: 0, samples: 10_000, labels: 40, eta: 0, alpha, sigma });
console.log('duel', duel);

// the same while the samples come: these radii hold at all looks together, so that one may stop at any
const running = new AnyTime({ sigma, eta: 0, alpha });
const looks = [
  { samples: 100, losses: 1 },
  { samples: 1_000, losses: 22 },
  { samples: 10_000, losses: 200 },
];
for (const look of looks) {
  running.observe(look);
  console.log('after', look.samples, 'samples', running.bestRadius);
}

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
