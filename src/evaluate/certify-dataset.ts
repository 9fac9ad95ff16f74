/** A certification run over a dataset: writes a run folder, resumes it, sums it up. */
import { join } from 'node:path';
import { type Certificate, isOfVotes } from '../certify/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { type Gallery, identityGallery } from '../gallery/index.ts';
import type { FilePixels } from '../image/index.ts';
import { writeFileWhole } from '../output.ts';
import {
  type CertifiedQuery,
  type CertifySettings,
  seedCommitment,
  type Smoother,
  type Stopping,
} from '../smoothing/index.ts';
import { check, performRun } from '../runs/index.ts';
import { type DatasetRun, type LoadedPicture, picturesOf } from './read-pictures.ts';
import { mostSigmas } from './most-radius.ts';
import { rowRules } from './row-rules.ts';
import { manifestSchema } from './schema.ts';
import { summarize } from './summary.ts';
import { type OwnItem, ownItem, trueIdentity, type Truth, undefendedGallery } from './own-item.ts';
import { certifySweep, nothingSwept, rankOf, sweepGroup, type SweepQuery, type Swept } from './sweep.ts';
import {
  type Method,
  type MethodRow,
  METHODS,
  MOST_RADIUS,
  type Row,
  type RunManifest,
  type Summary,
} from './schema.ts';

/** Options of {@link certifyDataset}. */
export interface CertifyRunOptions extends DatasetRun<RunManifest, Row> {
  /** The secret bytes that the noise of the queries is drawn from, where the manifest has a commitment to them. */
  secretSeed?: Uint8Array;
}

/** Queries sampled together when they share noise. */
const SHARED_GROUP = 8;

/**
 * Certifies every query of the dataset. Each row is on disk as soon as its query is finished, in the order of the dataset, so
 * that a run killed at any moment loses only the queries in flight; the same call goes on where it stopped.
 * @throws RUN_MISMATCH when the folder holds a run with other options, DATASET_EMPTY, OUTPUT_UNWRITABLE, CANCELLED, …
 */
export async function certifyDataset(run: CertifyRunOptions): Promise<{ summary: Summary; rows: Row[] }> {
  const { dataset, smoother, manifest, out, signal } = run;
  const { identity, k } = manifest.options;
  const gallery = identity ? identityGallery(run.gallery) : run.gallery;
  requireEnoughNegatives(gallery, k);
  requireCommitted(manifest, run.secretSeed);
  const perClass = itemsPerClass(gallery);
  const truth: Truth = identity ? trueIdentity(gallery) : ({ label }) => label;
  return performRun<RunManifest, LoadedPicture, Row, Summary>({
    out,
    manifest,
    settle: (known) => settled(out, known, manifest),
    ...picturesOf(run, smoother.info.preprocessing),
    rules: (known) => rowRules(known, { dataset, perClass, truth }),
    begin: async ({ options }) => {
      await smoother.setGallery(gallery);
      const context: RowContext = {
        gallery,
        classOf: new Map(gallery.labelNames.map((label, index) => [label, index])),
        positionOf: options.leaveOneOut ? ownItem(gallery) : null,
        perClass,
        truth,
        options,
        settings: {
          ...settingsOf(options),
          seed: run.secretSeed ?? options.seed,
          gallerySamples: gallery.manifest.samples,
        },
        smoother,
        signal,
      };
      const { sharedNoise, sweep } = options;
      return {
        together: sweep ? sweepGroup(options, smoother) : sharedNoise ? SHARED_GROUP : 1,
        // enough queries at once that no thread waits while the main thread plans and certifies one
        atOnce: sweep ? 1 : sharedNoise ? 2 : smoother.threads + 1,
        work: (group) => certifyTogether(context, group),
        failed: (picture, error) => failedRow(context, picture, error),
      };
    },
    summarize,
    signal,
    onProgress: run.onProgress,
  });
}

/** Items of each class. */
export function itemsPerClass({ labels }: Pick<Gallery, 'labels'>): Map<string, number> {
  const perClass = new Map<string, number>();
  for (const label of labels) perClass.set(label, (perClass.get(label) ?? 0) + 1);
  return perClass;
}

interface RowContext {
  gallery: Gallery;
  classOf: Map<string, number>;
  positionOf: OwnItem | null;
  perClass: ReadonlyMap<string, number>;
  truth: Truth;
  options: RunManifest['options'];
  settings: CertifySettings;
  smoother: Smoother;
  signal?: AbortSignal;
}

/** The label that a row is judged by; where the truth is not known that of the dataset, which no item has then. */
const labelOf = ({ truth }: RowContext, { item, hash }: Pick<LoadedPicture, 'item' | 'hash'>): string =>
  truth(item, hash) ?? item.label;

function failedRow(context: RowContext, picture: LoadedPicture, error: Error): Row {
  const { options, settings, perClass } = context;
  const label = labelOf(context, picture);
  const nothing = { predicted: '', score: 0 } as const;
  const methods = settings.methods ?? METHODS;
  return {
    query: picture.item.id,
    label,
    ...nothing,
    base: nothing,
    ...(methods.includes('vote') && { vote: nothing }),
    ...(methods.includes('duel') && { duel: nothing }),
    methods: Object.fromEntries(
      methods.map((method) => [method, { kind: 'abstain', radius: 0, reason: 'failed' } as const]),
    ),
    hasPositive: perClass.has(label),
    nearest: [],
    ...(picture.file && { file: picture.file }),
    samples: 0,
    seconds: 0,
    error: error.message,
    ...(options.sweep && { sweep: nothingSwept(options.sweep, options) }),
  };
}

async function certifyTogether(context: RowContext, group: readonly LoadedPicture[]): Promise<Row[]> {
  const { gallery, classOf, positionOf, options, settings, smoother, signal } = context;
  const { sweep } = options;
  const queries = group.map(
    ({ item, pixels, hash }): SweepQuery => ({
      id: item.id,
      pixels,
      exclude: positionOf?.(item.id, hash),
      label: classOf.get(labelOf(context, { item, hash })) ?? null,
    }),
  );
  // Recall@k and sweeps speak of the query's own class; Recall@1 certifies whatever class is predicted
  const anyLabel = !sweep && (settings.k ?? 1) === 1;
  const results = sweep
    ? await certifySweep(
        smoother,
        gallery,
        queries,
        { ...settings, alpha: options.alpha, samples: options.samples },
        sweep,
        { signal },
      )
    : (
        await smoother.certifyGroup(
          queries.map((query) => ({ ...query, label: anyLabel ? undefined : query.label })),
          settings,
          { signal },
        )
      ).map((found) => ({ found, swept: undefined }));
  return Promise.all(
    group.map(async ({ item, pixels, hash, file }, slot) => {
      const { exclude, label } = queries[slot];
      const clean = await smoother.embedClean({ id: item.id, pixels }, { signal });
      const { found, swept } = results[slot];
      const row = toRow(
        context,
        { id: item.id, label: labelOf(context, { item, hash }), exclude: exclude ?? undefined, file },
        found,
        baseAnswer(gallery, clean, exclude ?? undefined, settings.k ?? 1),
      );
      if (!swept) return row;
      const baseRank = rankOf(undefendedGallery(gallery), clean, label, exclude ?? null);
      return { ...row, sweep: { baseRank, ...swept } satisfies Swept };
    }),
  );
}

/** The undefended answer: the clean query among clean gallery vectors (among the stored ones where those are unknown). */
function baseAnswer(gallery: Gallery, clean: Float64Array, exclude: number | undefined, k: number): string[] {
  return undefendedGallery(gallery)
    .nearest(clean, k, { exclude })
    .map(({ label }) => label);
}

function toRow(
  context: RowContext,
  item: { id: string; label: string; exclude?: number; file?: FilePixels },
  found: CertifiedQuery,
  base: string[],
): Row {
  const { gallery, settings, perClass } = context;
  const nameOf = (label: number): string => gallery.labelNames[label] ?? '';
  const k = settings.k ?? 1;
  const predicted = nameOf(found.predicted);
  const right = found.nearest.slice(0, k).some(({ index }) => gallery.labels[index] === item.label);
  const methods: Row['methods'] = {};
  for (const [method, certificate] of Object.entries(found.certificates)) {
    const label = certificate.label === null ? item.label : nameOf(certificate.label);
    methods[method as Method] = methodRow(atMost(certificate, method as Method, found, settings), label);
  }
  const own = item.exclude !== undefined && gallery.labels[item.exclude] === item.label ? 1 : 0;
  const answer = (name: string): Row['base'] => ({ predicted: name, score: name === item.label ? 1 : 0 });
  return {
    query: item.id,
    label: item.label,
    predicted,
    score: right ? 1 : 0,
    base: { predicted: base[0] ?? '', score: base.includes(item.label) ? 1 : 0 },
    ...(settings.methods?.includes('vote') && { vote: answer(nameOf(found.votePredicted)) }),
    ...(settings.methods?.includes('duel') && {
      duel: answer(found.duelPredicted === null ? '' : nameOf(found.duelPredicted)),
    }),
    methods,
    hasPositive: (perClass.get(item.label) ?? 0) > own,
    nearest: found.nearest.slice(0, Math.max(k, 5)).map(({ index, distance }) => ({
      id: gallery.ids[index],
      label: gallery.labels[index],
      distance,
    })),
    ...(item.file && { file: item.file }),
    ...(Number.isFinite(found.margin) && { margin: found.margin }),
    samples: found.samples,
    stopped: found.stopped,
    seconds: Number(found.seconds.toFixed(3)),
  };
}

/**
 * A certificate of no more than what its samples can give (a smaller radius is as true): that of an item which nothing can bring nearer is
 * without limit, and rows would then not tell it from a forged one. Only where there is no such item at all the limit is left away.
 */
function atMost(
  certificate: Certificate,
  method: Method,
  { margin, samples }: CertifiedQuery,
  { sigma, alpha = 0.001 }: CertifySettings,
): Certificate {
  if (certificate.kind === 'abstain' || (margin === Infinity && !isOfVotes(method))) return certificate;
  return { ...certificate, radius: Math.min(certificate.radius, mostSigmas(method, samples, alpha) * sigma) };
}

/** A certificate as a row stores it. */
export function methodRow(certificate: Certificate, label: string): MethodRow {
  return certificate.kind === 'certified'
    ? { kind: 'certified', radius: Math.min(MOST_RADIUS, certificate.radius), label }
    : {
        kind: 'abstain',
        radius: 0,
        reason: certificate.reason,
        label,
        ...(certificate.samplesNeeded !== undefined && { samplesNeeded: certificate.samplesNeeded }),
      };
}

function settingsOf(options: RunManifest['options']): CertifySettings {
  const { sigma, alpha, selection, methods, gallerySetting, k, sharedNoise } = options;
  return {
    sigma,
    alpha,
    selection: selection === 'auto' ? undefined : selection,
    methods,
    gallerySetting,
    k,
    stopping: stoppingOf(options),
    sharedNoise,
  };
}

/** @throws OPTION_INVALID unless the manifest speaks of this secret, or of none where there is none */
function requireCommitted({ options }: RunManifest, secretSeed: Uint8Array | undefined): void {
  const given = secretSeed ? seedCommitment(secretSeed) : null;
  if (given === options.secretSeed) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: options.secretSeed ? `the secret with the commitment ${options.secretSeed}` : 'no secret seed',
    got: given ?? 'none',
    fix: 'Pass secretSeed to runManifest and to certifyDataset.',
  });
}

/** When a query stops that has a target radius, a time budget, both or neither. */
export const stoppingOf = ({
  samples,
  targetRadius,
  timeBudget,
}: {
  samples: number;
  targetRadius?: number | null;
  timeBudget?: number | null;
}): Stopping =>
  targetRadius || timeBudget
    ? { samples, radius: targetRadius ?? undefined, seconds: timeBudget ?? undefined }
    : { exactly: samples };

/** With fewer than k items of other classes one of the k nearest is right whatever the query: there is nothing to certify. */
function requireEnoughNegatives(gallery: Gallery, k: number): void {
  const sizes = new Int32Array(gallery.labelNames.length);
  for (const label of gallery.labelIndex) sizes[label]++;
  if (sizes.length === 1)
    throw new RetrievalGuardError('DATASET_LABELS', {
      expected: 'a gallery of at least two classes, or of two different vectors for instance search',
      got: `one ('${gallery.labelNames[0]}')`,
      fix: 'With a single one every answer is right.',
    });
  const largest = sizes.reduce((most, size) => Math.max(most, size), 0);
  if (gallery.count - largest >= k) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `k of at most ${gallery.count - largest}, the gallery items outside the largest class`,
    got: `k = ${k}`,
    fix: 'Use a smaller --k or a larger gallery.',
  });
}

/** The run's manifest: the folder's own, but for the radii, which only decide what the summary shows. */
async function settled(out: string, found: RunManifest, { radii }: RunManifest): Promise<RunManifest> {
  const file = join(out, 'run.json');
  const known = check(manifestSchema, found, file);
  if (JSON.stringify(known.radii) === JSON.stringify(radii)) return known;
  const merged = { ...known, radii };
  await writeFileWhole(file, `${JSON.stringify(merged, null, 2)}\n`);
  return merged;
}
