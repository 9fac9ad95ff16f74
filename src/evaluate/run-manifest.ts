/** run.json of a certification, whoever asks for it. */
import { resolve } from 'node:path';
import { absoluteSpec, type Dataset } from '../datasets/index.ts';
import type { EncoderInfo } from '../encoder/index.ts';
import { type Gallery, galleryHash } from '../gallery/index.ts';
import { CERTIFY, type Deciding, identityOf, type ValuesOf } from '../settings/index.ts';
import { noiseLaw, seedCommitment } from '../smoothing/index.ts';
import { invocation, machine, software } from './environment.ts';
import type { RunManifest } from './schema.ts';
import type { Sweep } from './sweep.ts';

/** What a certification is of. */
export interface RunSubject {
  /** The --data notation of the queries. */
  data: string;
  dataset: Pick<Dataset, 'fingerprint'>;
  /** Folder of the gallery; absent: the dataset is its own. */
  gallery?: string;
  info: EncoderInfo;
  /** Secret bytes that the noise of the queries is drawn from; absent: from the seed. */
  secretSeed?: Uint8Array;
}

/** What decides a run, as far as it is known before its gallery. */
export const identityBefore = (
  settings: ValuesOf<Deciding<typeof CERTIFY>>,
  { data, dataset, gallery, info, secretSeed }: RunSubject,
) => ({
  ...identityOf(CERTIFY, settings),
  data: absoluteSpec(data),
  dataFingerprint: dataset.fingerprint,
  gallery: gallery ? resolve(gallery) : settings.leaveOneOut ? 'leave-one-out' : 'the dataset',
  modelHash: info.encoderHash,
  preprocessingHash: info.preprocessingHash,
  onnxruntime: software().onnxruntime,
  ...noiseLaw(info, settings.sigma),
  secretSeed: secretSeed ? seedCommitment(secretSeed) : null,
});

/** Of {@link identityBefore}, with what the runs of a study have besides. */
export type RunIdentity = ReturnType<typeof identityBefore> & { sweep?: Sweep; queriesHash?: string };

/** The manifest of a run with this identity. Paths are made absolute. */
export function runManifest(
  identity: RunIdentity,
  gallery: Gallery,
  { channels, height, width }: EncoderInfo['input'],
  places: { model: string; gallery: string; provider: string },
  radii: number[],
): RunManifest {
  return {
    format: 'retrievalguard-run',
    version: 1,
    options: { ...identity, galleryHash: galleryHash(gallery.manifest) },
    environment: {
      ...software(),
      provider: places.provider,
      ...machine(),
      model: resolve(places.model),
      gallery: resolve(places.gallery),
      galleryData: gallery.manifest.data,
      input: { channels, height, width },
      ...invocation(),
    },
    radii,
  };
}
