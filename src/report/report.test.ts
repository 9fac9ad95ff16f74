import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { GENERATED, pageScriptSource } from '../../tools/build-page-script.ts';
import type { Row } from '../evaluate/schema.ts';
import { checkHtml, rowWith } from './fixtures/check-html.ts';
import { exampleManifest, exampleRow, exampleRun, wrongRow } from './fixtures/example.ts';
import type { ExplorerRun } from './explorer.ts';
import { escapeMarkup } from '../charts/index.ts';
import { html } from './html.ts';
import { mediaType } from './page-pictures.ts';
import { renderReport } from './report.ts';
import type { LoadedRun, PictureSource } from './types.ts';

const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 1]);

test('one run: numbers, guide, cards, settings', async () => {
  const page = await renderReport([exampleRun()]);
  checkHtml(page);
  expect(rowWith(page, '</span>cdf')).toContain('cdf 75.0% 50.0% 0.0% 0.233 0.300 0.300 0.0%');
  expect(rowWith(page, 'Too few samples')).toContain(
    'paper Too few samples for the margin: more may certify 3 75.0% 37,000',
  );
  for (const text of [
    'σ = 0.25',
    'α = 0.001',
    'smoothed system only',
    'Hardest queries',
    'Most robust queries',
    'for the wrong label',
    'None: every query was read',
    "'it&#39;\\&#39;&#39;s&#39;".slice(1),
  ])
    expect(page).toContain(text);
  expect(page).toBe(await renderReport([exampleRun()]));
});

test('asks nothing of the network and allows one script, by its hash', async () => {
  const page = await renderReport([exampleRun()], { pictures: async () => png });
  const [, script] = /<script>([\s\S]*?)<\/script>/.exec(page)!;
  const rest = page.replace(script, '').replace(/(id="explorer-data">)[A-Za-z0-9+/=]+</, '$1<');
  expect(rest).not.toMatch(/https?:|\/\/[a-z]|<link|<iframe|@import|url\(|xmlns/i);
  expect(script).not.toMatch(/https?:|fetch\(|eval\(|innerHTML|XMLHttpRequest|import\(/);
  expect(rest.match(/<script/g)).toHaveLength(2); // the script, and its inert data
  const hash = createHash('sha256').update(script).digest('base64');
  expect(page).toContain(
    `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src &#39;sha256-${hash}&#39;`,
  );
});

test('the script of the page is that of its sources', async () => {
  expect(`${await readFile(GENERATED, 'utf8')}`).toBe(await pageScriptSource());
});

test('the data of the page: every row, and pictures of the first queries and their nearest items', async () => {
  const image = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const run = exampleRun();
  const data = async (explorerPictures: number): Promise<ExplorerRun[]> => {
    const page = await renderReport([run], { cards: 0, explorerPictures, pictures: async () => image });
    const [, packed] = /id="explorer-data">([^<]*)</.exec(page)!;
    return JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString()) as ExplorerRun[];
  };
  const [all] = await data(2000);
  expect(all.rows).toEqual(run.rows);
  expect(Object.keys(all.pictures.query)).toEqual(run.rows.map(({ query }) => query));
  expect(Object.keys(all.pictures.gallery)).toEqual(['g/1.png', 'g/2.png']);
  const [few] = await data(2);
  expect(Object.keys({ ...few.pictures.query, ...few.pictures.gallery })).toEqual([
    run.rows[0].query,
    'g/1.png',
  ]);
  expect((await data(0))[0].pictures).toEqual({ query: {}, gallery: {} });
});

test('several runs: names told apart, settings that differ marked', async () => {
  const manifest = exampleManifest();
  manifest.options.sigma = 0.5;
  const runs = [exampleRun(), exampleRun({ manifest }), exampleRun({ name: 'third' })];
  const page = await renderReport(runs);
  checkHtml(page);
  expect(page).toContain('<bdi>example (2)</bdi>');
  expect(page).toMatch(/class="differ"><th scope="row">σ/);
  expect(page).toContain('stroke-dasharray="7,3"');
  expect(page.match(/<figure class="curves">/g)).toHaveLength(1);
  const many = await renderReport(Array.from({ length: 5 }, () => exampleRun()));
  checkHtml(many);
  expect(many.match(/<figure class="curves">/g)).toHaveLength(5);
});

test('labels, paths, names, notes, settings and errors cannot break out', async () => {
  const evil = `"'><script>alert(1)</script>&amp;\u0000</style>{{x}}`;
  const certified = { kind: 'certified', radius: 0.4, label: evil } as const;
  const row: Row = {
    ...exampleRow(evil, 0.4),
    label: evil,
    predicted: evil,
    methods: { cdf: certified, paper: { kind: 'abstain', radius: 0, reason: evil } },
    nearest: [{ id: evil, label: evil, distance: 1 }],
  };
  const manifest = exampleManifest();
  Object.assign(manifest.options, { data: evil, gallery: evil, [evil]: evil });
  Object.assign(manifest.environment, {
    model: evil,
    cpu: evil,
    started: evil,
    retrievalguard: evil,
    command: [evil],
  });
  const run: LoadedRun = exampleRun({
    name: evil,
    manifest,
    rows: [row, { ...wrongRow('w'), label: evil }],
    skipped: [{ query: evil, error: evil }],
    notes: [evil],
  });
  for (const runs of [[run], [run, exampleRun()]]) {
    const page = await renderReport(runs, { title: evil, pictures: async () => png });
    checkHtml(page);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page).not.toContain('alert(1)</script>');
    expect(page.match(/<\/style>/g)).toHaveLength(1);
  }
});

test('pictures: asked for once each, kept once, never another kind of file', async () => {
  const asked: string[] = [];
  const pictures: PictureSource = async (run, id, role) => {
    asked.push(`${run.name} ${role} ${id}`);
    return id === 'g/2.png' ? Buffer.from('<svg onload="alert(1)"/>') : id === 'q/4.png' ? null : png;
  };
  const page = await renderReport([exampleRun()], { pictures });
  checkHtml(page);
  expect(asked).toHaveLength(new Set(asked).size);
  expect(asked).toHaveLength(6); // four queries, two items
  expect(page.match(/data:image/g)).toHaveLength(1);
  expect(page).toContain('aria-label="Query q/4.png, label cat (no picture)"');
  expect(mediaType(Buffer.from('<svg>'))).toBeNull();
  expect(mediaType(png)).toBe('image/png');
});

test('at most 2 · cards · 6 pictures, whatever the number of runs and rows', async () => {
  const nearest = (q: number) =>
    Array.from({ length: 9 }, (_, i) => ({ id: `${q}-${i}`, label: 'cat', distance: i }));
  const rows = Array.from({ length: 50 }, (_, q) => exampleRow(`q${q}`, q / 100, { nearest: nearest(q) }));
  for (const runs of [1, 2, 3, 9]) {
    let asked = 0;
    const all = Array.from({ length: runs }, () => exampleRun({ rows }));
    await renderReport(all, { cards: 4, explorerPictures: 0, pictures: async () => (asked++, png) });
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(2 * 4 * 6);
  }
});

test('10,000 rows make a page of the size of a hundred', async () => {
  const rows = Array.from({ length: 10_000 }, (_, i) => exampleRow(`q${i}`, ((i * 7919) % 10_007) / 10_000));
  const page = await renderReport([exampleRun({ rows })]);
  expect(page.length).toBeLessThan(600_000);
  expect(page).toContain('<b>10,000</b>');
});

test('a run without rows, without certificates, or of no pictures is still a page', async () => {
  checkHtml(await renderReport([exampleRun({ rows: [] })]));
  checkHtml(await renderReport([exampleRun({ rows: [wrongRow('w')] })], { cards: 0 }));
  const manifest = exampleManifest();
  manifest.options.methods = [];
  checkHtml(await renderReport([exampleRun({ manifest })]));
  await expect(renderReport([])).rejects.toThrow(expect.objectContaining({ code: 'RUN_INVALID' }));
  await expect(renderReport([exampleRun()], { cards: 1.5 })).rejects.toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID' }),
  );
});

test('escaping', () => {
  expect(escapeMarkup(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;');
  expect(escapeMarkup('a\u0000b\nc\ud800')).toBe('a\uFFFDb c\uFFFD');
  expect(html`<p>${'<'}${[html`<b>${1}</b>`, null, false, undefined]}</p>`.text).toBe('<p>&lt;<b>1</b></p>');
});
