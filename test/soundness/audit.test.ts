/**
 * Certificates of a trained encoder on real pictures, attacked inside their own radius: every method, both systems, the gradient
 * steps towards the critical negatives. The long form is `retrievalguard audit` on whole runs (docs/soundness.md).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attackSmoothed, EncoderGradient, judge, untargeted } from '../../src/attack/index.ts';
import { CERTIFICATE_METHODS } from '../../src/certify/index.ts';
import { openDataset } from '../../src/datasets/index.ts';
import { indexDataset } from '../../src/evaluate/index.ts';
import { loadImage } from '../../src/image/index.ts';
import { Smoother } from '../../src/smoothing/index.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const SIGMA = 0.25;
const DATA: [name: string, spec: string, limit: { perClass: number; limit?: number }][] = [
  ['Omniglot', `omniglot:${at('demo/omniglot-unseen.zip')}`, { perClass: 1 }],
  ['glyphs', 'glyphs?classes=1/4@test', { perClass: 2 }],
];

let smoother: Smoother;
let encoder: EncoderGradient;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-'));
  smoother = await Smoother.open(at('bench/models/omniglot-conv4'), { threads: 2 });
  encoder = await EncoderGradient.open(smoother.info, { batch: 16 });
});
afterAll(async () => {
  await smoother.close();
  await encoder.release();
  await rm(folder, { recursive: true, force: true });
});

describe.each(DATA)('%s', (_, spec, limit) => {
  test('no answer changes within a certified radius; far beyond it one does', async () => {
    const dataset = await openDataset(spec, limit);
    const { gallery } = await indexDataset({ dataset, data: spec, smoother, sigma: SIGMA, samples: 16 });
    await smoother.setGallery(gallery);
    let certificates = 0;
    let fallen = 0;
    // the pictures themselves as queries, noise of their own
    for (const item of dataset.items.slice(0, 4)) {
      const pixels = await loadImage(await item.read(), smoother.info.preprocessing);
      const found = await smoother.certifyOnce(
        { id: item.id, pixels },
        { sigma: SIGMA, stopping: { exactly: 500 } },
      );
      for (const method of CERTIFICATE_METHODS) {
        const certificate = found.certificates[method]!;
        if (certificate.kind === 'abstain') continue;
        const { radius } = certificate;
        certificates++;
        const system = method === 'vote' ? 'vote' : 'mean';
        const victim = { id: item.id, pixels, goal: untargeted(gallery, certificate.label) };
        const attack = async (reach: number): Promise<string> => {
          const candidate = await attackSmoothed({ encoder, gallery, sigma: SIGMA, system }, victim, {
            radius: reach,
            steps: 10,
          });
          expect(candidate.norm).toBeLessThanOrEqual(reach);
          const query = { id: `${item.id} audited`, pixels: candidate.pixels, label: certificate.label };
          return (await judge(smoother, query, { system, sigma: SIGMA, alpha: 1e-6, samples: 500 })).kind;
        };
        expect({ method, verdict: await attack(radius * (1 - 1e-6)) }).not.toMatchObject({
          verdict: 'changed',
        });
        if (method === 'vote' && (await attack(8)) === 'changed') fallen++;
      }
    }
    expect(certificates).toBeGreaterThan(8);
    expect(fallen).toBeGreaterThan(0);
  });
});
