/**
 * Labelled vectors: exact search in memory, and a folder format on disk.
 *
 * @module gallery
 */
export { Gallery, type GalleryContent, type Neighbour, type NewContent } from './gallery.ts';
export { identities, identityGallery } from './identities.ts';
export { type GalleryDescription, galleryHash, type GalleryManifest } from './manifest.ts';
export { npyHeader } from './npy.ts';
export { type GalleryHandle, openGallery } from './open-gallery.ts';
export { ANY_MODEL } from './open-vectors.ts';
export { writeGallery, type WriteGalleryOptions } from './write-gallery.ts';
export { spreadNote, spreadOf } from './spread.ts';
