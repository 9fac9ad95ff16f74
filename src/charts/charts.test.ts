import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { type Chart, type Line, pageChart, paperChart, type PaperChart, SHARES, toPng } from './index.ts';
import { scaleOf, tickText } from './scale.ts';

const chart = (line: Partial<Line>, more: Partial<Chart> = {}): Chart => ({
  panels: [{ lines: [{ colour: 'red', points: [], ...line }] }],
  width: 300,
  height: 100,
  x: { title: 'x', domain: [0, 3] },
  y: { title: 'y', ...SHARES },
  alt: 'a "chart"',
  ...more,
});
const paper = (line: Partial<Line>, more: Partial<PaperChart> = {}): string =>
  paperChart({ ...chart(line), legend: [], ...more });
/** Corners of the line, of M, L, H and V. */
function corners(svg: string): [number, number][] {
  const [, path] = /<path d="([^"]*)"[^>]*stroke="red"/.exec(svg)!;
  let at: [number, number] = [0, 0];
  return [...path.matchAll(/([MLHV])([\d.]+),?([\d.]*)/g)].map(([, command, first, second]) => {
    if (command === 'H') at = [Number(first), at[1]];
    else if (command === 'V') at = [at[0], Number(first)];
    else at = [Number(first), Number(second)];
    return at;
  });
}

test('points lie where their numbers say, and the marked one once more', () => {
  const values = [0.2, 0.6, 0.4, 1];
  const svg = pageChart(
    chart({ points: values.map((y, x) => ({ x, y })), dash: [4, 2], marked: 2 }),
    'chart',
  );
  expect(corners(svg)).toEqual(values.map((value, epoch) => [100 * epoch, 100 * (1 - value)]));
  expect(svg).toContain('stroke-dasharray="4,2"');
  // the line's own point and, above it, the mark
  expect(svg.match(/<circle cx="200" cy="60" fill="red"/g)).toHaveLength(2);
  expect(svg).toContain('stroke="var(--page)"');
  expect(svg).toContain('aria-label="a &quot;chart&quot;"');
  expect(svg).toContain('>60%</text>');
});

test('steps hold until the next one; what lies left of a logarithmic axis begins at its end', () => {
  const points = [0, 0.1, 1, 3].map((x, i) => ({ x, y: 1 - i / 4 }));
  expect(corners(paper({ steps: true, points }))).toEqual([
    [0, 0],
    [10, 0],
    [10, 25],
    [100, 25],
    [100, 50],
    [300, 50],
    [300, 75],
  ]);
  const log = corners(paper({ steps: true, points }, { x: { title: 'x', domain: [0.3, 3], log: true } }));
  expect(log.slice(0, 2)).toEqual([
    [0, 25],
    [156.86, 25], // log(1 / 0.3) / log(10)
  ]);
});

test('steps closer than half a pixel are one: few, and late by less than that', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.double({ min: 1e-3, max: 3, noNaN: true }), { maxLength: 80 }), (radii) => {
      const at = [0, ...radii].sort((a, b) => a - b);
      const points = at.map((x, i) => ({ x, y: 1 - i / at.length }));
      const drawn = corners(paper({ steps: true, points }, { width: 20 }));
      expect(drawn.length).toBeLessThanOrEqual(2 * (2 * 20 + 2));
      const heightAt = (pixel: number): number => drawn.findLast(([x]) => x <= pixel + 1e-9)![1];
      for (const { x, y } of points) {
        expect(heightAt(Math.max(0, (x * 20) / 3 - 0.01))).toBeLessThanOrEqual(100 * (1 - y) + 0.01);
        expect(heightAt((x * 20) / 3 + 0.51)).toBeGreaterThanOrEqual(100 * (1 - y) - 0.01);
      }
    }),
  );
});

test('what is not a number is left out, a single value stands in the middle', () => {
  const points = [0, Number.NaN, 1].map((y) => ({ x: 2, y }));
  expect(corners(paper({ points }, { x: { title: 'x', domain: [2, 2] } }))).toEqual([
    [150, 100],
    [150, 0],
  ]);
});

test('a band goes along its upper end and back along its lower one', () => {
  const points = [
    { x: 0, y: 0.5, low: 0.4, high: 0.6 },
    { x: 3, y: 0.2, low: 0.1, high: 0.3 },
  ];
  expect(paper({ points })).toContain('d="M0,40L300,70L300,90L0,60Z" fill="red"');
  expect(paper({ points, steps: true })).toContain('d="M0,40H300V70V60H0Z" fill="red"');
});

test('bars reach from 0 to their value', () => {
  const svg = paper({ bars: true, points: [0.5, 1, 0].map((y, x) => ({ x, y })) });
  expect(svg).toContain('<rect x="0.5" y="50" width="99" height="50" fill="red"/>');
  expect(svg).toContain('<rect x="100.5" y="0" width="99" height="100" fill="red"/>');
});

test('ticks are round, within the domain, and as many as there is room for', () => {
  const ticks = (...[axis, count]: [Partial<Chart['x']>, number]) =>
    scaleOf({ title: '', domain: [0, 1], ...axis }, 100, count).ticks.map(tickText);
  expect(ticks({}, 5)).toEqual(['0', '0.2', '0.4', '0.6', '0.8', '1']);
  expect(ticks({ domain: [-0.5, 1] }, 3)).toEqual(['−0.5', '0', '0.5', '1']);
  expect(ticks({ domain: [0, 3], whole: true }, 10)).toEqual(['0', '1', '2', '3']);
  expect(ticks({ domain: [0.13, 0.78], nice: true }, 5)).toEqual([
    '0.1',
    '0.2',
    '0.3',
    '0.4',
    '0.5',
    '0.6',
    '0.7',
    '0.8',
  ]);
  expect(ticks({ domain: [0.03, 3], log: true }, 5)).toEqual(['0.05', '0.1', '0.2', '0.5', '1', '2']);
  expect(ticks({ domain: [0, 12_000] }, 5)).toEqual([
    '0',
    '2,000',
    '4,000',
    '6,000',
    '8,000',
    '10,000',
    '12,000',
  ]);
  expect(ticks({ domain: [0, 2e-5] }, 4)).toEqual(['0', '5e−6', '1e−5', '1.5e−5', '2e−5']);
  expect(ticks({ domain: [0, 0.001], nice: true }, 5)).toEqual([
    '0',
    '0.0002',
    '0.0004',
    '0.0006',
    '0.0008',
    '0.001',
  ]);
  const svg = paper({}, { x: { title: '', domain: [0, 3], ticks: [1, 1.01, 2] } });
  expect(svg).toContain('>1</text>');
  expect(svg).not.toContain('>1.01</text>');
});

test('values under the pointer: a strip tells those at its middle', () => {
  const svg = pageChart(chart({}), 'chart', (x) => [`at ${x.toFixed(2)}`, '<b>']);
  expect(svg.match(/<title>/g)).toHaveLength(30);
  expect(svg).toContain('<title>at 0.05\n&lt;b&gt;</title><rect x="0"');
});

test('panels side by side with a legend, as PNG four times as fine as a screen', async () => {
  const panels = ['a<b', 'c', 'd'].map((title) => ({ title, lines: [] }));
  const svg = paper({}, { panels, columns: 2, legend: [{ label: '1 & 2', colour: 'blue' }] });
  expect(svg).toContain('>a&lt;b</text>');
  expect(svg).toContain('>1 &amp; 2</text>');
  expect(svg.match(/>y<\/text>/g)).toHaveLength(2); // titles of shared axes are not repeated
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!;
  const png = await sharp(await toPng(svg)).metadata();
  expect([png.width, png.height]).toEqual([4 * Number(width), 4 * Number(height)]);
});
