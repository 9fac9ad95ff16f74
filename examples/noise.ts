/** The noise of one sample: the same bits on every machine, whoever draws it. */
import {
  cellTable,
  eta,
  exactNoise,
  exactNoiseKey,
  exactPerturbReference,
  greyAffine,
} from 'retrievalguard/exact-noise';

// sample 41 of the estimation phase of one query, for a picture of 3 × 2 × 2 values
const key = exactNoiseKey({ seed: 0, query: 'photos/cat/1.jpg', phase: 'estimation' });
const table = cellTable(0.25);
console.log('whole grey levels', exactNoise(key, 41, 12, table));
console.log('off by at most', eta(12, 0.25));

// what the encoder gets: scale·(byte + noise) + offset for samples 41 and 42
const inputs = exactPerturbReference({
  key,
  firstSample: 41,
  count: 2,
  table,
  base: new Uint8Array(12).fill(128),
  ...greyAffine({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }),
});
console.log('two inputs of 12 values each', inputs.length);
