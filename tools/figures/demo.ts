/** Certified Recall@1 of the demo's smoothed search against the radius, by method. */
import { readFileSync } from 'node:fs';
import { type Point, drawChart } from '../../src/study/figures/panels.ts';

type Curve = 'vote' | 'cdf' | 'bisector' | 'paper';
const LOOKS: Record<Curve, { colour: string; label: string }> = {
  vote: { colour: '#0072b2', label: 'vote' },
  cdf: { colour: '#d55e00', label: 'cdf' },
  bisector: { colour: '#009e73', label: 'bisector' },
  paper: { colour: '#767676', label: 'paper' },
};
const FARTHEST = 1.4;

/** Share of the queries whose value is beyond each size. */
function survival(values: readonly number[], queries: number): Point[] {
  const inside = values.filter((value) => value <= FARTHEST);
  const points = [{ x: 0, y: values.length / queries }];
  for (const [i, x] of inside.entries()) points.push({ x, y: (values.length - i - 1) / queries });
  return [...points, { x: FARTHEST, y: (values.length - inside.length) / queries }];
}

/** Draws the radii of one run of the demo (demo-curves.json). */
export function drawDemo(): Promise<string> {
  const data = JSON.parse(readFileSync(new URL('demo-curves.json', import.meta.url), 'utf8')) as Record<
    Curve,
    number[]
  > & { queries: number };
  const curves = Object.keys(LOOKS) as Curve[];
  return drawChart({
    panels: [
      {
        title: '',
        lines: curves.map((curve) => ({
          ...LOOKS[curve],
          steps: true,
          points: survival(data[curve], data.queries),
        })),
      },
    ],
    columns: 1,
    width: 520,
    height: 250,
    x: { title: 'Certified radius (ℓ2, pixels in [0,1])', domain: [0, FARTHEST] },
    y: { title: 'Certified Recall@1', domain: [0, 1], format: '.0%' },
    legend: curves.map((curve) => LOOKS[curve]),
  });
}
