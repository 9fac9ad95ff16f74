/** The demo's steps at a tiny scale: all of them, kept when called again. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { FULL, REPORT, runDemo, type Scale } from '../../demo/demo.ts';

const TINY: Scale = {
  ...FULL,
  train: [
    '--dim',
    '16',
    '--augment',
    'none',
    '--batch',
    '16',
    '--per-class',
    '4',
    '--limit',
    '64',
    '--epochs',
    '1',
  ],
  validation: 'glyphs?classes=1/20@test',
  unseen: 'glyphs?classes=2/20@test',
  galleryPerClass: 3,
  queriesPerClass: 1,
  gallerySamples: 8,
  selection: 32,
  samples: 50,
  attackSteps: 10,
  answerSamples: 20,
};

const folder = await mkdtemp(join(tmpdir(), 'demo-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

test('trains, certifies, attacks and reports; a second call does nothing twice', async () => {
  const said: string[] = [];
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  const stdout = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    expect(await runDemo(folder, TINY)).toBe(true);
    const page = await readFile(join(folder, REPORT), 'utf8');
    expect(page).toContain('An ordinary image search breaks');
    expect(page).toContain('trained with noise');
    expect(page).not.toMatch(/(?:src|href)="(?!data:|#)/);
    said.length = 0;
    expect(await runDemo(folder, TINY)).toBe(true);
    expect(said.filter((line) => line.includes('done before'))).toHaveLength(8);
    expect(said.join('')).not.toContain('$ retrievalguard');
  } finally {
    stderr.mockRestore();
    stdout.mockRestore();
  }
}, 60_000);
