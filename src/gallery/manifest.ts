/** gallery.json: what a gallery holds, what it was made from, and the hashes that prove it is intact. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { RetrievalGuardError } from '../errors.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in 64 hexadecimal digits');

const schema = z.object({
  format: z.literal('retrievalguard-gallery'),
  version: z.literal(1),
  /** Number of items N. */
  count: z.int().positive(),
  /** Length k of each vector. */
  dimension: z.int().positive(),
  /** Standard deviation of the smoothing noise in [0,1] pixel units; 0 for clean embeddings. */
  sigma: z.number().nonnegative(),
  /** Noise samples averaged into each vector; 0 = clean embeddings. */
  samples: z.int().nonnegative(),
  /** Seed of the noise. */
  seed: z.int(),
  /** Law of the noise, and which bits a seed gives; absent for clean embeddings. */
  noise: z.string().optional(),
  /** Failure probability asked for when the vectors were estimated, if one was. */
  alpha: z.number().gt(0).lt(1).optional(),
  /** Hash of the model file that made the vectors. */
  modelHash: z.string(),
  /** Hash of the preprocessing (resize, crop, mean, deviation). */
  preprocessingHash: z.string(),
  /** Present where pictures were resized without rounding (`--pixels file`); part of the preprocessing's hash. */
  pixels: z.literal('file').optional(),
  /** The --data notation that the gallery was built from. */
  data: z.string(),
  /** Fingerprint of that dataset (its items and labels). */
  dataFingerprint: z.string(),
  /** SHA-256 of the vectors' bytes: count × dimension little-endian float32 values, row by row. */
  vectorsHash: sha256,
  /** SHA-256 of the bytes of items.jsonl: ids and labels in order. */
  itemsHash: sha256,
  /** SHA-256 of the clean embeddings' bytes, where the gallery holds them too (clean.npy): for the undefended answer. */
  cleanHash: sha256.optional(),
  /**
   * SHA-256 of what decides a number of a run, see {@link galleryHash}: sigma, samples and seed among it, so that an edited gallery.json is
   * noticed. Absent in galleries of older versions.
   */
  hash: sha256.optional(),
  /** When it was built, ISO 8601 in UTC. */
  created: z.iso.datetime(),
  /** Version of this package that built it. */
  retrievalguard: z.string(),
});

/** The content of gallery.json. */
export interface GalleryManifest extends z.infer<typeof schema> {}

/** Those parts of a manifest that follow from the content and are computed, never taken from a caller. */
export type ComputedField =
  | 'format'
  | 'version'
  | 'count'
  | 'dimension'
  | 'vectorsHash'
  | 'itemsHash'
  | 'cleanHash'
  | 'hash';

/** What a caller tells about a new gallery; the computed fields may stand in it (a copied manifest) and are ignored. */
export type GalleryDescription = Omit<GalleryManifest, ComputedField> &
  Partial<Pick<GalleryManifest, ComputedField>>;

/**
 * Reads the text of a gallery.json.
 * @param file names the file in the error.
 * @throws GALLERY_INVALID when it is not JSON, is of another format or version, or lacks a field.
 */
export function parseManifest(text: string, file: string): GalleryManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RetrievalGuardError('GALLERY_INVALID', {
      expected: `${file} to be JSON`,
      got: `${text.length} characters that are not`,
      fix: 'Build the gallery again, or restore the file.',
      cause,
    });
  }
  return checkManifest(value, file);
}

/** The same check for a value in memory. @throws GALLERY_INVALID naming the first wrong field. */
export function checkManifest(value: unknown, file: string): GalleryManifest {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue.path.join('.') || 'content';
  const found = typeof value === 'object' && value !== null ? Reflect.get(value, issue.path[0] ?? '') : value;
  const other =
    field === 'format' || field === 'version'
      ? 'It is not a gallery of this version: name a gallery folder, or use the version of retrievalguard that wrote it.'
      : 'Build the gallery again, or restore the file.';
  throw new RetrievalGuardError('GALLERY_INVALID', {
    expected: `'${field}' of ${file} to be right (${issue.message})`,
    got: found === undefined ? 'nothing' : JSON.stringify(found),
    fix: other,
  });
}

/** What decides a number of a run, in the order in which it is hashed. */
const IDENTITY = [
  'count',
  'dimension',
  'sigma',
  'samples',
  'seed',
  'alpha',
  'modelHash',
  'preprocessingHash',
  'vectorsHash',
  'itemsHash',
  'cleanHash',
] as const;

/**
 * Identity of a gallery for run.json: equal exactly when everything that can change a number in a run is equal (vectors,
 * ids, labels, how they were estimated, model, preprocessing). Where the data lay and when the gallery was built do not count.
 * @returns a SHA-256 in hexadecimal.
 */
export function galleryHash(manifest: GalleryManifest): string {
  const { noise } = manifest;
  const identity = [
    'retrievalguard-gallery/1',
    ...IDENTITY.map((field) => manifest[field] ?? null),
    ...(noise === undefined ? [] : [noise]),
  ];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
}

/** Refuses a gallery.json that was edited. @throws GALLERY_INVALID where it does not have the hash that it records */
export function requireUnedited(manifest: GalleryManifest, file: string): void {
  if (manifest.hash === undefined || manifest.hash === galleryHash(manifest)) return;
  throw new RetrievalGuardError('GALLERY_INVALID', {
    expected: `the content of ${file} to have the hash that it records`,
    got: 'another: sigma, samples, seed, a model or a hash was changed by hand',
    fix: 'Restore the file, or build the gallery again.',
  });
}
