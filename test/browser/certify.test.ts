/** `retrievalguard/certify` runs in a browser: the built modules are loaded by Chromium and give the numbers that Node gives. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as certify from '../../src/certify/index.ts';
import { KernelMemory } from '../../src/kernel/index.ts';
import { ExactNoiseKernel } from '../../src/noise/exact/exact-noise-kernel.ts';
import * as noise from '../../src/noise/exact/index.ts';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist');
const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const required = process.env.RETRIEVALGUARD_REQUIRE_BROWSER === '1';
if (!executable) console.warn('no Chromium found: the browser tests are skipped');

/** The page hangs the modules where a test can find them. */
const PAGE = `<!doctype html><title>test</title><script type="module">
import * as certify from '/certify/index.js';
import * as kernel from '/kernel/index.js';
import * as noise from '/noise/exact/index.js';
import * as noiseKernel from '/noise/exact/exact-noise-kernel.js';
globalThis.modules = { certify, kernel, noise, noiseKernel };
</script>`;
interface Modules {
  certify: typeof certify;
  kernel: { KernelMemory: typeof KernelMemory };
  noise: typeof noise;
  noiseKernel: { ExactNoiseKernel: typeof ExactNoiseKernel };
}

describe.skipIf(!executable && !required)('in Chromium', () => {
  let server: Server;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    if (!existsSync(join(dist, 'certify', 'index.js')))
      throw new Error('dist/ is missing: run `npm run build` first');
    server = createServer((request, response) => {
      const path = normalize(join(dist, new URL(request.url ?? '/', 'http://localhost').pathname));
      if (!path.startsWith(dist) || extname(path) !== '.js') {
        response.setHeader('content-type', 'text/html').end(PAGE);
        return;
      }
      readFile(path).then(
        (bytes) => response.setHeader('content-type', 'text/javascript').end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await chromium.launch({
      executablePath: executable,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });

  afterAll(async () => {
    await browser?.close();
    await new Promise((resolve) => server?.close(resolve));
  });

  test('certificates and quantiles equal those of Node', async () => {
    const page = await browser.newPage();
    await page.goto(origin);
    const inputs = [1e-300, 1e-12, 0.001, 0.3, 0.75];
    const found = await page.evaluate((values) => {
      const module = (globalThis as unknown as { modules: Modules }).modules.certify;
      return {
        quantiles: values.map((value) => module.normalQuantile(value)),
        vote: module.voteCertificate({
          hits: 990,
          runnerUp: 4,
          samples: 1000,
          alpha: 0.001,
          eta: 0,
          sigma: 0.25,
        }),
        paper: module.paperCertificate({
          nearestPositive: 0.2,
          nearestNegative: 0.9,
          samples: 10_000,
          dimension: 128,
          gallerySize: 100,
          gallerySetting: 'deployed',
          alpha: 0.001,
          sigma: 0.25,
        }),
      };
    }, inputs);
    expect(found).toEqual({
      quantiles: inputs.map((value) => certify.normalQuantile(value)),
      vote: certify.voteCertificate({
        hits: 990,
        runnerUp: 4,
        samples: 1000,
        alpha: 0.001,
        eta: 0,
        sigma: 0.25,
      }),
      paper: certify.paperCertificate({
        nearestPositive: 0.2,
        nearestNegative: 0.9,
        samples: 10_000,
        dimension: 128,
        gallerySize: 100,
        gallerySetting: 'deployed',
        alpha: 0.001,
        sigma: 0.25,
      }),
    });
  });

  test('the noise kernel draws the same bits', async () => {
    const page = await browser.newPage();
    await page.goto(origin);
    const found = await page.evaluate(async () => {
      const { kernel, noise: exact, noiseKernel } = (globalThis as unknown as { modules: Modules }).modules;
      const memory = await kernel.KernelMemory.create();
      const out = memory.allocate(2 * 300);
      const key = exact.exactNoiseKey({ seed: 5, query: 'browser', phase: 'estimation' });
      const table = exact.cellTable(0.25);
      new noiseKernel.ExactNoiseKernel(memory).noise({
        key,
        table,
        firstSample: 7,
        count: 3,
        dimension: 100,
        out,
      });
      return [...memory.i16(out, 300)];
    });
    const key = noise.exactNoiseKey({ seed: 5, query: 'browser', phase: 'estimation' });
    const rows = [7, 8, 9].map((sample) => noise.exactNoise(key, sample, 100, noise.cellTable(0.25)));
    expect(found).toEqual(rows.flatMap((row) => [...row]));
  });
});
