/** Names of the files in a gallery folder. */
export const GALLERY_FILES = {
  manifest: 'gallery.json',
  vectors: 'vectors.npy',
  clean: 'clean.npy',
  items: 'items.jsonl',
} as const;

/** Bytes moved by one read or write: Node.js refuses 2 GiB and more at once. */
export const CHUNK_BYTES = 1 << 26;
