/**
 * An encoder whose embedding has the angle atan⟨w,x⟩ in the plane: the answer between two items changes exactly where ⟨w,x⟩ is the
 * tangent of the angle half-way between them, so every smallest perturbation is known.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linearForm, type Shape, writeEncoder } from '../../test/helpers/encoders.ts';
import type { GalleryView } from '../certify/index.ts';
import { readEncoderInfo } from '../encoder/index.ts';
import { candidateAttack } from './candidate.ts';
import { distanceOf } from './ball.ts';
import { EncoderGradient } from './encoder-gradient.ts';
import { targeted, untargeted } from './goal.ts';
import { minimalNorm } from './minimal-norm.ts';
import { pgd } from './pgd.ts';
import { randomSearch } from './search.ts';
import { attackSmoothed } from './smoothed.ts';
import type { BaseSystem, Victim } from './victims.ts';

const SHAPE: Shape = [1, 4, 4];
const PIXELS = 16;
const w = Array.from({ length: PIXELS }, (_, i) => Math.sin(1 + 3 * i));
const NORM = Math.hypot(...w);
/** Angles of the items, and their classes. */
const ANGLES = [-0.6, -0.2, 0.3, 0.9];
const LABELS = [0, 0, 1, 2];
const gallery: GalleryView = {
  vectors: Float32Array.from(ANGLES.flatMap((angle) => [Math.cos(angle), Math.sin(angle)])),
  dimension: 2,
  count: ANGLES.length,
  labelIndex: Int32Array.from(LABELS),
};
/** Angle half-way between class 0 and class 1. */
const BORDER = (ANGLES[1] + ANGLES[2]) / 2;

/** An image with ⟨w,x⟩ = form. */
function imageWith(form: number, seed: number): Float32Array {
  const x = Float32Array.from({ length: PIXELS }, (_, i) => 0.5 + 0.2 * Math.sin(seed * 7 + i * i));
  const now = x.reduce((sum, value, i) => sum + value * w[i], 0);
  return x.map((value, i) => value + ((form - now) * w[i]) / NORM ** 2);
}

const forms = [-0.5, -0.3, -0.15, -0.05, 0];
const victims: Victim[] = forms.map((form, i) => ({
  id: `image ${i}`,
  pixels: imageWith(form, i),
  goal: untargeted(gallery, 0),
}));
/** The known distances. */
const distances = forms.map((form) => (Math.tan(BORDER) - form) / NORM);

let folder: string;
let system: BaseSystem;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attack-'));
  const path = await writeEncoder(folder, SHAPE, 2, (g, pixels) => {
    const form = linearForm(g, pixels, w);
    const one = g.op('Add', [g.op('Mul', [form, g.float32(0)]), g.float32(1)]);
    return g.op('Concat', [one, form], { axis: 1 });
  });
  system = { encoder: await EncoderGradient.open(await readEncoderInfo(path), { batch: 3 }), gallery };
});
afterAll(async () => {
  await system.encoder.release();
  await rm(folder, { recursive: true, force: true });
});

test('gradients are those of central differences, with the normalisation of the model', async () => {
  const { encoder } = system;
  const x = imageWith(0.4, 3);
  const direction = Float32Array.of(0.3, -0.7);
  const { gradients } = await encoder.run(x, direction);
  const gradient = gradients.slice();
  const value = async (at: Float32Array): Promise<number> => {
    const { embeddings } = await encoder.run(at, direction);
    return embeddings[0] * direction[0] + embeddings[1] * direction[1];
  };
  for (let i = 0; i < PIXELS; i += 5) {
    const step = (sign: number): Float32Array => x.map((v, k) => (k === i ? v + sign * 0.01 : v));
    expect(gradient[i]).toBeCloseTo(((await value(step(1))) - (await value(step(-1)))) / 0.02, 3);
  }
});

describe('the undefended system', () => {
  test('the smallest perturbation within 1% of the distance to the border, never below', async () => {
    const found = await minimalNorm(system, victims, { steps: 60, initialNorm: 0.1 });
    for (const [i, { success, norm, pixels }] of found.entries()) {
      expect(success).toBe(true);
      expect(norm).toBeGreaterThan(distances[i] * (1 - 1e-4));
      expect(norm).toBeLessThan(distances[i] * 1.01);
      expect(distanceOf(pixels, victims[i].pixels)).toBeCloseTo(norm, 9);
    }
  });

  test('projected gradient descent succeeds just outside the distance and never inside', async () => {
    for (const [i, victim] of victims.entries()) {
      const [outside] = await pgd(system, [victim], { radius: 1.01 * distances[i], steps: 20 });
      expect(outside).toMatchObject({ success: true, rival: 2 });
      expect(outside.norm).toBeLessThanOrEqual(1.01 * distances[i]);
      const [inside] = await pgd(system, [victim], { radius: 0.99 * distances[i], steps: 20, restarts: 3 });
      expect(inside.success).toBe(false);
      expect(inside.norm).toBeLessThanOrEqual(0.99 * distances[i]);
    }
  });

  test('targeted: only the chosen class counts', async () => {
    const goal = targeted(gallery, (item) => LABELS[item] === 2);
    const border = Math.tan((ANGLES[2] + ANGLES[3]) / 2);
    const [found] = await minimalNorm(system, [{ ...victims[1], goal }], { steps: 80 });
    expect(found.norm / ((border - forms[1]) / NORM)).toBeCloseTo(1, 2);
    expect(found.rival).toBe(3);
  });

  test('an item left out is no rival', async () => {
    const goal = untargeted(gallery, 0, 2);
    const border = Math.tan((ANGLES[1] + ANGLES[3]) / 2);
    const [found] = await minimalNorm(system, [{ ...victims[2], goal }], { steps: 80 });
    expect(found.norm / ((border - forms[2]) / NORM)).toBeCloseTo(1, 2);
  });

  test('search without gradients finds what lies well inside the ball, and nothing that is not there', async () => {
    const [far] = await randomSearch(system, [victims[2]], { radius: 3 * distances[2], steps: 300 });
    expect(far.success).toBe(true);
    const [near] = await randomSearch(system, [victims[2]], { radius: 0.99 * distances[2], steps: 100 });
    expect(near.success).toBe(false);
    const [outside] = await pgd(system, [victims[2]], { radius: 1.1 * distances[2] });
    const [transferred] = await randomSearch(system, [victims[2]], {
      radius: 1.1 * distances[2],
      starts: [outside.pixels],
      steps: 1,
    });
    expect(transferred.success).toBe(true);
  });

  test('clipped perturbations have valid pixels', async () => {
    const dark = new Float32Array(PIXELS);
    const options = { radius: 0.5, steps: 10, clip: true };
    const [found] = await pgd(system, [{ id: 'dark', pixels: dark, goal: untargeted(gallery, 0) }], options);
    expect(found.pixels.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(found.norm).toBeLessThanOrEqual(0.5);
    expect(found.success).toBe(true);
  });

  test('a radius that is not positive is refused', async () => {
    await expect(pgd(system, victims, { radius: 0 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });
});

test('candidate: the image comes as near to the query as the ball allows', async () => {
  // the query lies in class 1; the candidate is item 1 at −0.2, and has to come nearer than item 2 at 0.3
  const query = Float32Array.of(Math.cos(0.28), Math.sin(0.28));
  const image = { pixels: imageWith(Math.tan(ANGLES[1]), 1), candidate: 1 };
  // nearer than 0.02 to the query: an angle of 0.26
  const needed = (Math.tan(0.26) - Math.tan(ANGLES[1])) / NORM;
  const enough = await candidateAttack(system, image, [query], { radius: 1.05 * needed });
  expect(enough.before).toEqual([false]);
  expect(enough.retrieved).toEqual([true]);
  expect(enough.norm).toBeLessThanOrEqual(1.05 * needed);
  const short = await candidateAttack(system, image, [query], { radius: 0.95 * needed });
  expect(short.retrieved).toEqual([false]);
});

describe('the smoothed systems', () => {
  // the noisy angle atan(form + σ‖w‖z) is below the border with probability Φ((tan BORDER − form)/(σ‖w‖)): votes are tied where
  // the form is the tangent itself, whatever σ
  test.each(['vote', 'mean'] as const)('%s: the attack reaches the border along w', async (kind) => {
    const victim = victims[0];
    const smoothed = { ...system, sigma: 0.1, system: kind };
    const outside = await attackSmoothed(smoothed, victim, {
      radius: 1.5 * distances[0],
      samples: 48,
      steps: 25,
    });
    expect(outside.margin).toBeLessThan(0);
    expect(outside.norm).toBeLessThanOrEqual(1.5 * distances[0]);
    const inside = await attackSmoothed(smoothed, victim, {
      radius: 0.5 * distances[0],
      samples: 48,
      steps: 25,
    });
    expect(inside.margin).toBeGreaterThan(0);
    // the whole radius is used along ±w
    const along = inside.pixels.reduce((sum, x, i) => sum + ((x - victim.pixels[i]) * w[i]) / NORM, 0);
    expect(along / inside.norm).toBeGreaterThan(0.95);
    expect(inside.norm).toBeGreaterThan(0.45 * distances[0]);
  });
});
