import type { Gallery } from '../gallery/index.ts';

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
