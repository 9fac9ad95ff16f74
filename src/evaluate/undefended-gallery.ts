/** The gallery of the undefended system. */
import { Gallery } from '../gallery/index.ts';

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
