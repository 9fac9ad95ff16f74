import { createHash } from 'node:crypto';
import { CERTIFICATE_METHODS, radiusOf } from '../certify/index.ts';
import { cancellation, isRetrievalGuardError, RetrievalGuardError } from '../errors.ts';
import { methodRow, requireSameSystem, stoppingOf, undefendedGallery } from '../evaluate/index.ts';
import { reasonInShort, STOPPED } from '../evaluate/reason-words.ts';
import { type Gallery, identityGallery, openGallery } from '../gallery/index.ts';
import { loadPicture, type ModelPicture } from '../image/index.ts';
import {
  type CertifiedQuery,
  defaultSelection,
  noiseLaw,
  type NoiseSeed,
  type QueryState,
  seedCommitment,
  type Smoother,
  type StopReason,
} from '../smoothing/index.ts';
import { withSmoother } from './open-smoother.ts';
import { radiiLines, radiiSaid, type RadiiSaid } from './radius-said.ts';
import { QUERY, type ValuesOf } from '../settings/index.ts';
import { freshSecret, readSecret } from './secret.ts';
import { EXIT, runCommand } from './run-command.ts';
import { note, print, printable, startProgress, warn } from './terminal.ts';
import { count } from '../words.ts';

type Values = ValuesOf<typeof QUERY>;

/** retrievalguard query */
export const run = (images: string[], values: Values): Promise<void> =>
  runCommand(async (signal) => {
    const handle = await openGallery(values.gallery);
    await withSmoother(values, values.model, values.sigma, async (smoother) => {
      const sigma = values.sigma ?? handle.manifest.sigma;
      // the undefended answer has no σ that could be another
      requireSameSystem(handle.manifest, smoother, values.samples === 0 ? handle.manifest.sigma : sigma);
      const loaded = await handle.load();
      const gallery = values.identity ? identityGallery(loaded) : loaded;
      if (values.certify && values.samples === 0) {
        throw new RetrievalGuardError('OPTION_INVALID', {
          expected: '--samples of at least 1 with --certify',
          got: '--samples 0, the undefended answer',
          fix: 'Leave --certify out, or ask for 1,000 samples and more.',
        });
      }
      if (values.certify && !(sigma > 0)) {
        throw new RetrievalGuardError('OPTION_INVALID', {
          expected: '--sigma > 0 to certify against a gallery of clean embeddings',
          got: 'none',
        });
      }
      await smoother.setGallery(gallery);
      const seed = await seedOf(values);
      if (values.certify && values.seed === undefined && values.secret === undefined)
        note(
          'noise of a secret seed, drawn for this call and then forgotten; --seed or --secret repeat an answer',
          values,
        );
      let failed = 0;
      for (const image of images) {
        try {
          const { preprocessing } = smoother.info;
          const picture = await loadPicture(image, preprocessing, { maxPixels: values.maxPixels });
          // nobody who sees answers learns of the noise of another picture
          const id = values.secret === undefined ? image : sha256Of(picture.pixels);
          const question = { query: image, id, picture, sigma, values, seed, gallery, smoother, signal };
          const answer = await (values.certify ? certified(question) : nearest(question));
          print(values.json ? JSON.stringify(answer) : answerText(answer));
          if (answer.stopped === 'signal') throw cancellation();
        } catch (error) {
          // what is wrong with one picture is said; the others are answered
          if (!isRetrievalGuardError(error) || error.code === 'CANCELLED' || error.code === 'WORKER_FAILED')
            throw error;
          failed++;
          if (values.json) print(JSON.stringify({ query: image, error: error.message }));
          else process.stderr.write(`error: ${printable(image)}: ${printable(error.message)}\n`);
        }
      }
      if (failed > 0) process.exitCode = EXIT.error;
      if (failed > 0 && images.length > 1) warn(`${failed} of ${images.length} images have no answer`);
    });
  });

const sha256Of = (pixels: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength))
    .digest('hex');

/** What the noise is drawn from: what was asked for, else for a certificate a secret that nobody can have known when the picture was chosen. */
const seedOf = async ({ seed, secret, certify }: Values): Promise<NoiseSeed> =>
  secret === undefined ? (seed ?? (certify ? freshSecret() : 0)) : await readSecret(secret);

interface Answer {
  query: string;
  predicted: string;
  nearest: { id: string; label: string; distance: number }[];
  samples: number;
  stopped?: StopReason;
  seconds?: number;
  sigma: number;
  alpha?: number;
  /** Law of the noise, and how far the samples may be from it. */
  noise?: string;
  eta?: number;
  /** The seed, or what a secret one commits itself to. */
  seed?: number;
  secretSeed?: string;
  methods?: Record<string, ReturnType<typeof methodRow>>;
  /** Of each method that certifies. */
  radii?: Record<string, RadiiSaid>;
}

/** One image and all that answering it needs. */
interface Question {
  query: string;
  /** Names the noise. */
  id: string;
  picture: ModelPicture;
  sigma: number;
  values: Values;
  seed: NoiseSeed;
  gallery: Gallery;
  smoother: Smoother;
  signal: AbortSignal;
}

async function nearest(question: Question): Promise<Answer> {
  const { query, id, picture, sigma, values, seed, gallery, smoother, signal } = question;
  const { pixels } = picture;
  const samples = sigma === 0 ? 0 : (values.samples ?? gallery.manifest.samples);
  const image = { id, pixels };
  // without samples the undefended answer: the clean image among clean vectors
  const searched = samples === 0 ? undefendedGallery(gallery) : gallery;
  const embedding =
    samples === 0
      ? await smoother.embedClean(image, { signal })
      : await smoother.embed(image, { sigma, samples, seed, phase: 'evaluation' }, { signal });
  const found = searched
    .nearest(embedding, values.k)
    .map(({ id, label, distance }) => ({ id, label, distance }));
  return { query, predicted: found[0].label, nearest: found, samples, sigma: samples === 0 ? 0 : sigma };
}

async function certified(question: Question): Promise<Answer> {
  const { query, id, picture, sigma, values, seed, gallery, smoother, signal } = question;
  const { pixels } = picture;
  const samples = values.samples ?? 10_000;
  const asked = CERTIFICATE_METHODS.filter((method) => values.certify!.includes(method));
  const stopping = stoppingOf({ ...values, samples });
  const selection = values.selection === 'auto' ? defaultSelection(stopping, asked, sigma) : values.selection;
  note(`${query}: up to ${count(samples + selection, 'sample')}`, values);
  const progress = startProgress('certify', samples + selection, values);
  let done = 0;
  let radii = '';
  const update = (more: number): void => progress.update((done += more), radii);
  const certification = smoother.certify(
    { id, pixels },
    { sigma, alpha: values.alpha, selection, seed, methods: asked, stopping },
    { signal, onSamples: update },
  );
  let found: CertifiedQuery | undefined;
  try {
    for await (const state of certification) {
      radii = radiiSoFar(state);
      update(0);
      if (state.stopped) found = state;
    }
  } finally {
    progress.stop();
  }
  if (!found) throw cancellation();
  const name = (label: number): string => gallery.labelNames[label] ?? '';
  const methods = Object.fromEntries(
    Object.entries(found.certificates).map(([method, certificate]) => [
      method,
      methodRow(certificate, certificate.label === null ? '' : name(certificate.label)),
    ]),
  );
  return {
    query,
    predicted: name(found.predicted),
    nearest: found.nearest
      .slice(0, values.k)
      .map(({ index, distance }) => ({ id: gallery.ids[index], label: gallery.labels[index], distance })),
    samples: found.samples,
    stopped: found.stopped,
    seconds: Number(found.seconds.toFixed(3)),
    sigma,
    alpha: values.alpha,
    ...noiseLaw(smoother.info, sigma),
    ...(typeof seed === 'number' ? { seed } : { secretSeed: seedCommitment(seed) }),
    methods,
    radii: Object.fromEntries(
      Object.entries(methods).flatMap(([method, { kind, radius }]) =>
        kind === 'certified' ? [[method, radiiSaid(radius, picture, smoother.info.preprocessing)]] : [],
      ),
    ),
  };
}

/** The radii of a look, for a bar. */
const radiiSoFar = ({ certificates }: QueryState): string =>
  Object.entries(certificates)
    .map(([method, certificate]) => `${method} ${radiusOf(certificate).toFixed(3)}`)
    .join(', ');

function answerText(answer: Answer): string {
  const { query, predicted, nearest: items, methods, radii, alpha, samples, stopped, seconds = 0 } = answer;
  const lines = [`${printable(query)}: ${printable(predicted)}`];
  if (stopped) lines.push(`  ${count(samples, 'sample')} in ${seconds.toFixed(2)} s: ${STOPPED[stopped]}`);
  for (const [method, found] of Object.entries(methods ?? {})) {
    const needed =
      found.kind === 'abstain' && found.samplesNeeded
        ? `, about ${count(found.samplesNeeded, 'sample')} might do`
        : '';
    lines.push(
      found.kind === 'certified'
        ? `  ${method.padEnd(9)} '${printable(found.label)}' keeps within ℓ2 radius ${found.radius.toFixed(4)}, with probability at least ${1 - (alpha ?? 0)}`
        : `  ${method.padEnd(9)} abstains: ${reasonInShort(found.reason)}${needed}`,
    );
    if (radii?.[method]) lines.push(...radiiLines(radii[method]));
  }
  for (const [rank, { id, label, distance }] of items.entries())
    lines.push(`  ${rank + 1}. ${printable(label)}  ${distance.toFixed(4)}  ${printable(id)}`);
  return lines.join('\n');
}
