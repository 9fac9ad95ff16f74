/** The pictures of README.md and of docs/, and the numbers that its text takes from them. */
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { scalarMeanRadius } from '../../src/certify/index.ts';
import { worstMean } from '../../tools/figures/bounds.ts';
import { drawPlane } from '../../tools/figures/plane.ts';
import { drawAll } from '../../tools/figures/write.ts';

const docs = new URL('../../docs/', import.meta.url);

test('docs/figures is what tools/figures/write.ts draws, and each picture is shown', async () => {
  const drawn = await drawAll();
  const pages = await Promise.all(
    ['concepts.md', 'architecture.md'].map((name) => readFile(new URL(name, docs), 'utf8')),
  );
  const readme = await readFile(new URL('../README.md', docs), 'utf8');
  expect((await readdir(new URL('figures/', docs))).sort()).toEqual(Object.keys(drawn).sort());
  for (const [name, text] of Object.entries(drawn)) {
    expect(await readFile(new URL(`figures/${name}`, docs), 'utf8')).toBe(text);
    const shown =
      pages.some((page) => page.includes(`](figures/${name})`)) || readme.includes(`](docs/figures/${name})`);
    expect({ name, shown }).toEqual({ name, shown: true });
  }
});

test('the worst law keeps its mean up to 2.18 sigma; the mean alone would tell 0.45 sigma', () => {
  expect(worstMean(0)).toBeCloseTo(0.35, 3);
  expect(worstMean(2.18)).toBeGreaterThan(0);
  expect(worstMean(2.19)).toBeLessThan(0);
  // a scalar in [-1,1] of mean -0.35 may rise to 0
  expect(scalarMeanRadius(-0.35, 0, 1)).toBeCloseTo(0.45, 2);
});

test('in the sketch the bisector margin is above the minimum margin', () => {
  const { minimum, bisector } = drawPlane();
  expect(bisector).toBeGreaterThan(minimum);
});
