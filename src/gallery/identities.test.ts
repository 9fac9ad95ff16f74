import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Gallery } from './gallery.ts';
import { exampleContent } from './fixtures/example.ts';
import { identities, identityGallery } from './identities.ts';

test('the identity of an item is the first one of the same vector', () => {
  const value = fc.constantFrom(0, -0, 0.5, -0.5, 0.1);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }).chain((dimension) =>
        fc.tuple(
          fc.constant(dimension),
          fc.array(fc.array(value, { minLength: dimension, maxLength: dimension }), {
            minLength: 1,
            maxLength: 60,
          }),
        ),
      ),
      ([dimension, rows]) => {
        const vectors = Float32Array.from(rows.flat());
        const plain = rows.map((row) => rows.findIndex((other) => other.every((x, i) => x === row[i])));
        expect([...identities({ vectors, dimension, count: rows.length })]).toEqual(plain);
      },
    ),
    { seed: 4, numRuns: 300 },
  );
});

test('vectors that differ in one last bit, and many at once, are not merged', () => {
  const dimension = 2;
  const count = 50_000;
  const vectors = Float32Array.from({ length: dimension * count }, (_, i) => ((i >> 1) * 2 ** -24) / 2);
  const found = identities({ vectors, dimension, count });
  expect(found.every((identity, item) => identity === item)).toBe(true);
  const bits = new Int32Array(Float32Array.of(0.3, 0.3).buffer);
  bits[1]++;
  const near = new Float32Array(bits.buffer);
  expect([...identities({ vectors: near, dimension: 1, count: 2 })]).toEqual([0, 1]);
});

test('a gallery of identities has their ids for labels, and all else as it was', () => {
  const content = exampleContent();
  content.vectors.set(content.vectors.subarray(5, 10), 20); // item 4 is item 1 once more
  const gallery = Gallery.create(content);
  const instances = identityGallery(gallery);
  const { ids } = gallery;
  expect(instances.labels).toEqual(ids.map((id, i) => (i === 4 ? ids[1] : id)));
  expect(instances.labelNames).toEqual(ids.filter((_, i) => i !== 4));
  expect(instances.vectors).toBe(gallery.vectors);
  expect(instances.manifest).toBe(gallery.manifest);
  expect(instances.clean).toEqual(gallery.clean);
  expect(identityGallery(instances).labels).toEqual(instances.labels);
});

test('without labels each item has its id for one', () => {
  const { labels: _, ...content } = exampleContent();
  expect(Gallery.create(content).labels).toEqual(content.ids);
});
