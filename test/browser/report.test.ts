/** The report in Chromium: what a pointer and a keyboard do to it, with 10,000 queries, without a script or a request. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderReport, writeReport } from '../../src/report/index.ts';
import { exampleRow, exampleRun } from '../../src/report/fixtures/example.ts';

const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const required = process.env.RETRIEVALGUARD_REQUIRE_BROWSER === '1';
const QUERIES = 10_000;

describe.skipIf(!executable && !required)('a report in Chromium', () => {
  let browser: Browser;
  let page: Page;
  let folder: string;
  /** Milliseconds. */
  let loading: number;
  const told: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-'));
    // radii from 0 to 1, evenly
    const rows = Array.from({ length: QUERIES }, (_, i) => exampleRow(`q/${i}.png`, (i + 0.5) / QUERIES));
    const file = join(folder, 'report.html');
    await writeReport(file, await renderReport([exampleRun({ rows })]));
    browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox', '--disable-gpu'] });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
    page.on('console', (message) => told.push(message.text()));
    page.on('pageerror', (error) => told.push(error.message));
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) told.push(request.url());
    });
    const began = performance.now();
    await page.goto(pathToFileURL(file).href);
    loading = performance.now() - began;
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const curve = (method: string) =>
    page.locator(`.linear .chart.wide path[stroke="var(--method-${method})"]`).first();

  test('a band of the chart tells the values below the pointer', async () => {
    const titles = await page.locator('.linear .chart.wide .hover title').allTextContents();
    expect(titles.length).toBeGreaterThan(50);
    for (const title of titles) {
      const [, radius] = /r = ([\d.]+)/.exec(title)!;
      const [, share] = /cdf: ([\d.]+)%/.exec(title)!;
      // the share of radii above r, of an even law on [0,1]
      expect(Number(share) / 100).toBeCloseTo(Math.max(0, 1 - Number(radius)), 2);
    }
  });

  test('methods are switched by pointer and by keyboard, the axis made logarithmic', async () => {
    expect(await curve('cdf').isVisible()).toBe(true);
    await page.locator('.toggle-cdf').click();
    expect(await curve('cdf').isVisible()).toBe(false);
    await page.locator('.toggle-cdf').focus();
    await page.keyboard.press('Space');
    expect(await curve('cdf').isVisible()).toBe(true);
    await page.locator('.toggle-log').check();
    expect(await page.locator('.linear .chart.wide').isVisible()).toBe(false);
    expect(await page.locator('.log .chart.wide').isVisible()).toBe(true);
    await page.locator('.toggle-log').uncheck();
  });

  test('light and dark, by preference and by hand', async () => {
    const background = (): Promise<string> =>
      page.evaluate('(() => getComputedStyle(document.body).backgroundColor)()');
    const light = await background();
    await page.locator('#theme').check();
    const dark = await background();
    expect(dark).not.toBe(light);
    await page.locator('#theme').uncheck();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await background()).toBe(dark);
    await page.locator('#theme').check();
    expect(await background()).toBe(light);
  });

  test('it loads at once, asks nothing of the network, and nothing complains', () => {
    expect(loading).toBeLessThan(5000);
    expect(told).toEqual([]);
  });
});
