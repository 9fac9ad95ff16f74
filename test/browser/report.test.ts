/** The report in Chromium: what a pointer and a keyboard do to it, with 10,000 queries, without a request. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'csv-parse/sync';
import { type Browser, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderReport, writeReport } from '../../src/report/index.ts';
import { exampleManifest, exampleRow, exampleRun, wrongRow } from '../../src/report/fixtures/example.ts';

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
    rows[7] = { ...wrongRow('q/7, "wrong".png'), margin: -0.5 };
    const manifest = exampleManifest();
    manifest.environment.input = { channels: 1, height: 4, width: 4 };
    const image = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#808080' } })
      .png()
      .toBuffer();
    const file = join(folder, 'report.html');
    const options = { explorerPictures: 500, pictures: async () => image };
    await writeReport(file, await renderReport([exampleRun({ rows, manifest })], options));
    browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox', '--disable-gpu'] });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
    page.on('console', (message) => told.push(message.text()));
    page.on('pageerror', (error) => told.push(error.message));
    page.on('request', (request) => {
      if (!/^(file|data|blob):/.test(request.url())) told.push(request.url());
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

  describe('the table of all queries', () => {
    const lines = () => page.locator('.queries tbody tr:not(.below)');
    const position = () => page.locator('.position').textContent();
    const control = (name: string) => page.locator('#explorer').getByLabel(name, { exact: true });

    test('pages of 25, turned by pointer and keyboard', async () => {
      expect(await lines().count()).toBe(25);
      expect(await position()).toBe('1 to 25 of 10,000');
      expect(await page.getByRole('button', { name: 'previous' }).isDisabled()).toBe(true);
      await page.getByRole('button', { name: 'next' }).click();
      expect(await position()).toBe('26 to 50 of 10,000');
      await page.getByRole('button', { name: 'last' }).focus();
      await page.keyboard.press('Enter');
      expect(await position()).toBe('9,976 to 10,000 of 10,000');
      expect(await lines().last().textContent()).toContain('q/9999.png');
      await page.getByRole('button', { name: 'first' }).click();
    });

    test('search, filters and orders', async () => {
      await control('search').fill('Q/123');
      expect(await position()).toBe('1 to 11 of 11'); // q/123 and q/1230 to q/1239
      await control('search').fill('');
      await control('show').selectOption('answered wrongly');
      expect(await lines().allTextContents()).toEqual([expect.stringContaining('"wrong"') as string]);
      expect(await lines().first().textContent()).toContain('(0.900)'); // certified, for a wrong label
      await control('show').selectOption('all queries');
      await control('order').selectOption('radius');
      await page.getByLabel('descending').check();
      expect(await lines().first().textContent()).toContain('q/9999.png');
      await control('order').selectOption('margin');
      await page.getByLabel('descending').uncheck();
      expect(await lines().first().textContent()).toContain('q/7,');
      await control('order').selectOption('as in the run');
    });

    test('a query opens by keyboard: pictures, and a change of any size', async () => {
      const open = page.locator('.queries .open').first();
      await open.focus();
      await page.keyboard.press('Enter');
      expect(await open.getAttribute('aria-expanded')).toBe('true');
      const opened = page.locator('.opened').first();
      expect(await opened.locator('.nearest img').count()).toBe(2);
      expect(await opened.textContent()).toContain('about 37,000 samples would do');
      const pixels = (index: number): Promise<number[]> =>
        page.evaluate(
          `(() => { const c = document.querySelectorAll('.opened canvas')[${index}]; return [...c.getContext('2d').getImageData(0, 0, 4, 4).data].filter((_, i) => i % 4 === 0); })()`,
        );
      // a change of norm 0.2 of a grey picture of 16 pixels: within a level of rounding a pixel
      const norm = (values: number[]): number => Math.hypot(...values.map((value) => (value - 128) / 255));
      await opened.getByLabel('Size of the change').fill('0.2');
      await expect.poll(async () => norm(await pixels(1))).toBeCloseTo(0.2, 1.5);
      expect(await opened.locator('output').textContent()).toBe(
        'size 0.200: beyond every radius certified for the right answer',
      );
      expect(norm(await pixels(0)) / (0.25 * 4)).toBeGreaterThan(0.5); // sigma times the root of 16
      expect(norm(await pixels(0)) / (0.25 * 4)).toBeLessThan(1.5);
      await page.keyboard.press('Shift+Tab');
      await open.click();
      expect(await opened.isVisible()).toBe(false);
    });

    test('CSV of the rows that are shown, and of a table of the page', async () => {
      const kept = async (name: string): Promise<string> => {
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('button', { name }).click(),
        ]);
        return readFile(await download.path(), 'utf8');
      };
      await control('search').fill('q/7');
      const rows = parse(await kept('CSV of'), { columns: true }) as Record<string, string>[];
      expect(rows).toHaveLength(1111);
      const wrong = rows.find(({ query }) => query === 'q/7, "wrong".png');
      expect(wrong).toMatchObject({
        predicted: 'dog',
        score: '0',
        margin: '-0.5',
        cdf_radius: '0.9',
        cdf_label: 'dog',
      });
      expect(rows.find(({ query }) => query === 'q/70.png')).toMatchObject({
        label: 'cat',
        vote_score: '1',
        nearest: 'g/1.png',
        nearest_distance: '0.25',
        cdf_radius: String(70.5 / QUERIES),
        paper_radius: '0',
        paper_abstains: 'too-few-samples',
      });
      await control('search').fill('');
      const [heading, ...table] = parse(await kept('Certified Recall@1 at radius r'), {
        relax_column_count: true,
      }) as string[][];
      expect(heading.slice(0, 2)).toEqual(['Method', 'r = 0']);
      expect(table.map(([method]) => method)).toEqual(['paper', 'cdf', 'vote']);
    });
  });

  test('it loads at once, asks nothing of the network, and nothing complains', () => {
    expect(loading).toBeLessThan(5000);
    expect(told).toEqual([]);
  });
});
