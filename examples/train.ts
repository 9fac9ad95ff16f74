/** Trains an encoder with noise on a folder of pictures: `tsx examples/train.ts photos encoder`. */
import { initialModel, openDataset, train, VERSION } from 'retrievalguard';

const [photos, out] = process.argv.slice(2);
const dataset = await openDataset(`folder:${photos}@train`);
const validation = await openDataset(`folder:${photos}@test`);
const { model, preprocessing, backbone } = await initialModel({
  backbone: 'conv4',
  dimension: 32,
  seed: 0,
  image: { channels: 3, height: 16, width: 16 },
});
const { best } = await train({
  model,
  dataset,
  validation,
  out,
  environment: { retrievalguard: VERSION },
  configuration: {
    data: dataset.spec,
    dataFingerprint: dataset.fingerprint,
    validation: validation.spec,
    validationFingerprint: validation.fingerprint,
    backbone,
    preprocessing,
    dimension: 32,
    freeze: null,
    sigma: 0.1, // in pixels of [0,1]
    validationSigma: 0.1,
    augment: { flip: true },
    batch: { classes: 3, perClass: 2 },
    loss: { name: 'margin', options: { gamma: 0.2 } },
    miner: { name: 'distance-weighted', options: {} },
    optimizer: { name: 'adam', options: {} },
    learningRate: 1e-3,
    weightDecay: 4e-4,
    clipNorm: null,
    schedule: { kind: 'constant' },
    epochs: 3,
    patience: null,
    seed: 0,
  },
  onEvent: (event) => {
    if (event.kind === 'epoch')
      console.log(`epoch ${event.row.epoch}: Recall@1 ${event.row.noisy?.recallAt1}`);
  },
});
console.log(`kept the model of epoch ${best?.epoch}`);
