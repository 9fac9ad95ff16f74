/** Galleries as a query meets them: without its own item, or undefended. */
import { Gallery } from '../gallery/index.ts';

/** Position of a query's own item in a gallery, by its id or else by the hash of its file; undefined where it has none. */
export type OwnItem = (id: string, hash: string) => number | undefined;

/**
 * What leave-one-out leaves out. The item is fixed before any sample is drawn, so the certificates of the gallery without it hold.
 */
export function ownItem(gallery: Pick<Gallery, 'ids' | 'hashes'>): OwnItem {
  const byId = new Map(gallery.ids.map((id, index) => [id, index]));
  const byHash = new Map((gallery.hashes ?? []).map((hash, index) => [hash, index]));
  return (id, hash) => byId.get(id) ?? byHash.get(hash);
}

/** The label by which the answer to a query is judged; undefined where it is not known. */
export type Truth = (query: { id: string; label: string }, hash?: string) => string | undefined;

/**
 * The truth of instance search, in a gallery of identities: the item that the query's label names by its id, or else the query's own item, which
 * has its id or is the same picture.
 */
export function trueIdentity(gallery: Pick<Gallery, 'ids' | 'labels' | 'hashes'>): Truth {
  const own = ownItem(gallery);
  return ({ id, label }, hash = '') => {
    const item = own(label, '') ?? own(id, hash);
    return item === undefined ? undefined : gallery.labels[item];
  };
}

const made = new WeakMap<Gallery, Gallery>();

/** The same items with the embeddings of their unperturbed images; the gallery itself where it holds these, or none. */
export function undefendedGallery(gallery: Gallery): Gallery {
  if (!gallery.clean || gallery.clean === gallery.vectors) return gallery;
  let clean = made.get(gallery);
  if (!clean) {
    const { manifest, ids, labels } = gallery;
    const { alpha: _alpha, ...rest } = manifest;
    clean = new Gallery({ ...rest, samples: 0 }, { vectors: gallery.clean, ids, labels });
    made.set(gallery, clean);
  }
  return clean;
}
