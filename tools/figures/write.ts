/** Draws the pictures of README.md and of docs/ into docs/figures: `tsx tools/figures/write.ts`. The same every time. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lipschitzFigure } from '../../src/study/figures/lipschitz.ts';
import { drawArchitecture } from './architecture.ts';
import { drawLaw, drawVote } from './bounds.ts';
import { drawDemo } from './demo.ts';
import { glyph, noiseFor, norm, pictureGrid, plus } from './pictures.ts';
import { drawPlane } from './plane.ts';

/** Of three scripts. */
const GLYPHS = ['katakana-30a2/klee-one.png', 'hebrew-05d0/bellefair.png', 'latin-0067/eb-garamond.png'];
const SIGMAS = [0, 0.1, 0.25, 0.5, 1];
const SIZES = [0, 0.5, 1, 2, 4, 8];

/** Names and texts of all pictures. */
export async function drawAll(): Promise<Record<string, string>> {
  const glyphs = await Promise.all(GLYPHS.map(async (id) => ({ id, x: await glyph(id), z: noiseFor(id) })));
  return {
    'architecture.svg': drawArchitecture(),
    'noise.svg': await pictureGrid(
      SIGMAS.map((sigma) => (sigma === 0 ? 'picture' : `σ = ${sigma}`)),
      glyphs.map(({ x, z }) => SIGMAS.map((sigma) => plus(x, z, sigma))),
    ),
    'changes.svg': await pictureGrid(
      SIZES.map((size) => (size === 0 ? 'picture' : `size ${size}`)),
      glyphs.slice(0, 2).map(({ x, z }) => SIZES.map((size) => plus(x, z, size / norm(z)))),
    ),
    'plane.svg': drawPlane().svg,
    'lipschitz.svg': `${lipschitzFigure().svg}\n`,
    'law.svg': `${drawLaw()}\n`,
    'demo.svg': `${drawDemo()}\n`,
    'vote.svg': `${drawVote()}\n`,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('../../docs/figures/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(await drawAll())) writeFileSync(new URL(name, folder), text);
}
