/** The noise of one sample: the same bits on every machine, whoever draws it. */
import { affineNoise, gaussianSample, noiseKey, perturbReference } from 'retrievalguard/noise';

// sample 41 of the estimation phase of one query, for a picture of 3 × 2 × 2 values
const key = noiseKey({ seed: 0, query: 'photos/cat/1.jpg', phase: 'estimation' });
console.log('standard normal values', gaussianSample(key, 41, 12));

// what the encoder gets: (x + σz − mean)/std for samples 41 and 42
const pixels = new Float32Array(12).fill(0.5);
const normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const inputs = perturbReference({
  key,
  firstSample: 41,
  count: 2,
  ...affineNoise(pixels, 0.25, normalisation),
});
console.log('two inputs of 12 values each', inputs.length);
