/** Certified Recall@1 of the demo's smoothed search against the radius, by method. */
import { readFileSync } from 'node:fs';
import { METHOD_COLOURS, paperChart, type Point, SHARES } from '../../src/charts/index.ts';

const METHODS = ['vote', 'cdf', 'bisector', 'paper'] as const;
const FARTHEST = 1.4;

/** Share of the queries whose value is beyond each size. */
function survival(values: readonly number[], queries: number): Point[] {
  const inside = values.filter((value) => value <= FARTHEST);
  const points = [{ x: 0, y: values.length / queries }];
  for (const [i, x] of inside.entries()) points.push({ x, y: (values.length - i - 1) / queries });
  return [...points, { x: FARTHEST, y: (values.length - inside.length) / queries }];
}

/** Draws the radii of one run of the demo (demo-curves.json). */
export function drawDemo(): string {
  const data = JSON.parse(readFileSync(new URL('demo-curves.json', import.meta.url), 'utf8')) as Record<
    (typeof METHODS)[number],
    number[]
  > & { queries: number };
  return paperChart({
    alt: 'Certified Recall@1 of the demo against the radius, by method',
    panels: [
      {
        lines: METHODS.map((method) => ({
          colour: METHOD_COLOURS[method].light,
          steps: true,
          points: survival(data[method], data.queries),
        })),
      },
    ],
    width: 520,
    height: 250,
    x: { title: 'Certified radius (ℓ2, pixels in [0,1])', domain: [0, FARTHEST] },
    y: { title: 'Certified Recall@1', ...SHARES },
    legend: METHODS.map((method) => ({ label: method, colour: METHOD_COLOURS[method].light })),
  });
}
