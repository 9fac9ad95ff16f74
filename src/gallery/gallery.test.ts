import { expect, test } from 'vitest';
import { exampleContent } from './fixtures/example.ts';
import { Gallery } from './gallery.ts';
import { galleryHash } from './manifest.ts';

test('fills in the manifest and numbers the labels', () => {
  const gallery = Gallery.create(exampleContent());
  expect(gallery.manifest).toMatchObject({
    format: 'retrievalguard-gallery',
    version: 1,
    count: 7,
    dimension: 5,
  });
  expect(gallery.labelNames).toEqual(['cat', 'dog', 'Ōwl "x"\n']);
  expect([...gallery.labelIndex]).toEqual([0, 1, 2, 0, 1, 2, 0]);
  expect(gallery.vector(2)).toEqual(gallery.vectors.slice(10, 15));
});

test('finds an item by its own vector, or the next one when it is excluded', () => {
  const gallery = Gallery.create(exampleContent());
  expect(gallery.nearest(gallery.vector(3), 1)).toEqual([
    { index: 3, id: 'a/3.png', label: 'cat', distance: 0 },
  ]);
  const others = gallery.nearest(Float64Array.from(gallery.vector(3)), 99, { exclude: 3 });
  expect(others.map(({ index }) => index).sort((a, b) => a - b)).toEqual([0, 1, 2, 4, 5, 6]);
  expect(others[0].distance).toBeGreaterThan(0);
});

test('refuses impossible questions', () => {
  const gallery = Gallery.create(exampleContent());
  const query = new Float32Array(5);
  const code = (expected: string) => expect.objectContaining({ code: expected });
  for (const k of [0, -1, 1.5, Number.NaN])
    expect(() => gallery.nearest(query, k)).toThrow(code('OPTION_INVALID'));
  for (const exclude of [-1, 7, 0.5])
    expect(() => gallery.nearest(query, 1, { exclude })).toThrow(code('OPTION_INVALID'));
  expect(() => gallery.nearest(new Float32Array(4), 1)).toThrow(code('GALLERY_MISMATCH'));
  expect(() => gallery.nearest(query.fill(Number.NaN), 1)).toThrow(code('EMBEDDING_INVALID'));
});

test('refuses content that cannot be a gallery', () => {
  const refused = (change: object, code: string) =>
    expect(() => Gallery.create({ ...exampleContent(), ...change })).toThrow(
      expect.objectContaining({ code }),
    );
  refused({ labels: ['cat'] }, 'DATASET_LABELS');
  refused({ labels: ['a', 'b', '', 'd', 'e', 'f', 'g'] }, 'DATASET_LABELS');
  refused({ vectors: new Float32Array(34) }, 'GALLERY_INVALID');
  refused({ vectors: new Float32Array(35).fill(Number.NaN, 12, 13) }, 'GALLERY_INVALID');
  refused({ vectors: new Float32Array(0), ids: [], labels: [] }, 'GALLERY_INVALID');
  refused({ ids: ['a', 'b', 'c', 'd', 'e', 'f', 'a'] }, 'GALLERY_INVALID');
  refused({ manifest: { ...exampleContent().manifest, sigma: -1 } }, 'GALLERY_INVALID');
});

test('the identity follows what changes numbers, and nothing else', () => {
  const { manifest } = Gallery.create(exampleContent());
  const other = exampleContent();
  other.vectors[0] += 1e-3;
  const relabelled = exampleContent();
  const labels = ['dog', ...relabelled.labels.slice(1)];
  const hash = galleryHash(manifest);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(galleryHash({ ...manifest, created: '2030-01-01T00:00:00Z', data: 'folder:elsewhere' })).toBe(hash);
  expect(galleryHash(Gallery.create(other).manifest)).not.toBe(hash);
  expect(galleryHash(Gallery.create({ ...relabelled, labels }).manifest)).not.toBe(hash);
  for (const change of [{ sigma: 0.5 }, { samples: 9 }, { seed: 8 }, { alpha: 0.01 }, { modelHash: 'x' }])
    expect(galleryHash({ ...manifest, ...change })).not.toBe(hash);
});
