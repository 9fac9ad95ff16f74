/** Figure 1 of the paper: the Lipschitz bound of the smoothed embedding against its linear relaxation. A formula: nothing is sampled. */
import { lipschitzBound, lipschitzLinearBound } from '../../certify/index.ts';
import { type Figure, figure } from './figure.ts';

const POINTS = 120;
const FARTHEST = 4; // σ

/** The bounds at r = 0 … 4σ. */
export function lipschitzValues(): { radius: number; bound: number; linear: number }[] {
  return Array.from({ length: POINTS + 1 }, (_, i) => {
    const radius = (FARTHEST * i) / POINTS;
    return { radius, bound: lipschitzBound(radius, 1), linear: lipschitzLinearBound(radius, 1) };
  });
}

/** Draws them. */
export function lipschitzFigure(): Figure {
  const values = lipschitzValues();
  const bound = { colour: '#d55e00' };
  const linear = { colour: '#767676', dash: [6, 3] };
  const most = { colour: '#1b1f24', dash: [1.5, 2.5] };
  return figure({
    name: 'lipschitz',
    title: 'The Lipschitz bound against its linear relaxation',
    caption:
      'How far the smoothed embedding can move when the image changes by r, for embeddings of norm at most 1 (Lemma 3.3 of the paper), and the linear bound that it implies (its Eq. 2). Both touch at 0; the linear one passes the distance of two opposite unit vectors, beyond which it says nothing. Nothing is sampled here.',
    panels: [
      {
        lines: [
          { ...linear, points: values.map(({ radius: x, linear: y }) => ({ x, y })) },
          { ...most, plain: true, points: [0, FARTHEST].map((x) => ({ x, y: 2 })) },
          { ...bound, points: values.map(({ radius: x, bound: y }) => ({ x, y })) },
        ],
      },
    ],
    width: 380,
    height: 240,
    x: { title: 'Size of the change of the image, r / σ', domain: [0, FARTHEST] },
    y: { title: 'Movement of the embedding, at most', domain: [0, 3.2] },
    legend: [
      { ...bound, label: '2(2Φ(r/2σ) − 1)' },
      { ...linear, label: 'linear, √(2/π)·r/σ' },
      { ...most, label: 'two unit vectors' },
    ],
  });
}
