import { spawnSync } from 'node:child_process';
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleContent } from './fixtures/example.ts';
import { Gallery } from './gallery.ts';
import { openGallery } from './open-gallery.ts';
import { stageGallery, writeGallery } from './write-gallery.ts';

let root: string;
let places = 0;
const place = (): string => join(root, `place-${places++}`, 'gallery');
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'gallery-'));
});
afterAll(() => rm(root, { recursive: true }));

const invalid = (text: string) =>
  expect.objectContaining({ code: 'GALLERY_INVALID', message: expect.stringContaining(text) });
const unwritable = expect.objectContaining({ code: 'OUTPUT_UNWRITABLE' });
/** The example with other vectors, so that the two can be told apart. */
const second = () => ({ ...exampleContent(), vectors: new Float32Array(35).fill(0.5) });

test('what was written comes back', async () => {
  const folder = place();
  const manifest = await writeGallery(folder, exampleContent());
  expect(await readdir(folder)).toEqual(['gallery.json', 'items.jsonl', 'vectors.npy']);
  expect(await readdir(join(folder, '..'))).toEqual(['gallery']);
  const handle = await openGallery(folder);
  expect(handle.manifest).toEqual(manifest);
  const gallery = await handle.load();
  const { vectors, labels, ids } = exampleContent();
  expect(gallery).toMatchObject({ manifest, vectors, labels, ids });
  await writeGallery(place(), gallery);
});

test('a gallery that exists is replaced only when asked, and nothing else ever is', async () => {
  const folder = place();
  await mkdir(folder, { recursive: true });
  await writeGallery(folder, exampleContent()); // an empty folder is free
  await expect(writeGallery(folder, second())).rejects.toThrow(unwritable);
  const { vectorsHash } = await writeGallery(folder, second(), { overwrite: true });
  expect((await openGallery(folder)).manifest.vectorsHash).toBe(vectorsHash);
  expect(await readdir(join(folder, '..'))).toEqual(['gallery']);
  await writeFile(join(folder, 'notes.txt'), 'mine');
  await expect(writeGallery(folder, second(), { overwrite: true })).rejects.toThrow(/notes\.txt/);
  expect(await readFile(join(folder, 'notes.txt'), 'utf8')).toBe('mine');
});

test('a link to a folder stays a link', async () => {
  const folder = place();
  await writeGallery(folder, exampleContent());
  const link = join(root, 'link');
  await symlink(folder, link);
  const { vectorsHash } = await writeGallery(link, second(), { overwrite: true });
  expect((await openGallery(folder)).manifest.vectorsHash).toBe(vectorsHash);
});

test('unwritable places are told', async () => {
  const file = join(root, 'a-file');
  await writeFile(file, '');
  await expect(writeGallery(file, exampleContent())).rejects.toThrow(unwritable);
  await expect(writeGallery(join(file, 'below'), exampleContent())).rejects.toThrow(unwritable);
  await expect(writeGallery('/proc/nowhere/gallery', exampleContent())).rejects.toThrow(unwritable);
});

test('a writer that dies before the rename changes nothing, and the next one clears up after it', async () => {
  const folder = place();
  const { vectorsHash } = await writeGallery(folder, exampleContent());
  const staged = await stageGallery(folder, Gallery.create(second()), { overwrite: true });
  expect((await openGallery(folder)).manifest.vectorsHash).toBe(vectorsHash);
  // The process is gone: its sibling bears the number of one that has ended.
  const dead = spawnSync(process.execPath, ['--version']).pid;
  await rename(staged.path, join(folder, '..', `.gallery.new-${hostname()}-${dead}-0123abcd`));
  await stageGallery(folder, Gallery.create(second()), { overwrite: true }); // alive: it stays
  await writeGallery(folder, second(), { overwrite: true });
  const entries = await readdir(join(folder, '..'));
  expect(entries.filter((name) => name.includes('.new-'))).toHaveLength(1);
  expect(entries.filter((name) => name.includes(`-${dead}-`))).toEqual([]);
});

test('a writer that dies between the two renames leaves the former gallery where the reader is told', async () => {
  const folder = place();
  await writeGallery(folder, exampleContent());
  const old = join(
    folder,
    '..',
    `.gallery.old-${hostname()}-${spawnSync(process.execPath, ['-v']).pid}-0123abcd`,
  );
  await rename(folder, old);
  await expect(openGallery(folder)).rejects.toThrow(invalid(old));
  await writeGallery(folder, second());
  await (await openGallery(folder)).load();
  await writeGallery(folder, second(), { overwrite: true });
  expect(await readdir(join(folder, '..'))).toEqual(['gallery']);
});

test('a gallery that is replaced again and again is read whole each time', async () => {
  const folder = place();
  const contents = [exampleContent(), second()];
  const { vectorsHash } = await writeGallery(folder, contents[0]);
  let reading = true;
  const writing = (async () => {
    for (let i = 1; reading; i++) await writeGallery(folder, contents[i % 2], { overwrite: true });
  })();
  const seen = new Map<string, number>();
  for (let i = 0; i < 200; i++) {
    const { manifest, vectors } = await (await openGallery(folder)).load();
    const { vectors: expected } = manifest.vectorsHash === vectorsHash ? contents[0] : contents[1];
    expect(vectors).toEqual(expected);
    seen.set(manifest.vectorsHash, (seen.get(manifest.vectorsHash) ?? 0) + 1);
  }
  reading = false;
  await writing;
  expect(seen.size).toBe(2);
});

test('a gallery of another system in the place of the one that was opened is refused', async () => {
  const folder = place();
  const { manifest } = exampleContent();
  await writeGallery(folder, exampleContent());
  const handle = await openGallery(folder);
  await writeGallery(folder, { ...second(), manifest: { ...manifest, seed: 99 } }, { overwrite: true });
  expect((await handle.load()).manifest.seed).toBe(99);
  await writeGallery(folder, { ...second(), manifest: { ...manifest, sigma: 99 } }, { overwrite: true });
  await expect(handle.load()).rejects.toThrow(invalid('with sigma 99'));
});

test('a living writer between its two renames is waited for, also through a link', async () => {
  const folder = place();
  await writeGallery(folder, exampleContent());
  const link = join(folder, '..', 'link');
  await symlink('gallery', link);
  const old = join(folder, '..', `.gallery.old-${hostname()}-${process.ppid}-0123abcd`);
  await rename(folder, old);
  const opened = Promise.all([folder, link].map((path) => openGallery(path)));
  await sleep(300);
  await rename(old, folder);
  for (const handle of await opened) expect((await handle.load()).count).toBe(7);
});

test('a failed write leaves nothing behind', async () => {
  const folder = place();
  const staged = await stageGallery(folder, Gallery.create(exampleContent()), {});
  await writeGallery(folder, second()); // another writer comes first
  await expect(staged.commit()).rejects.toThrow(unwritable);
  await staged.discard();
  expect(await readdir(join(folder, '..'))).toEqual(['gallery']);
});

const damages: [string, (folder: string) => Promise<unknown>, string][] = [
  ['no folder', (folder) => rm(folder, { recursive: true }), 'gallery.json to exist'],
  ['no manifest', (folder) => rm(join(folder, 'gallery.json')), 'gallery.json to exist'],
  ['no vectors', (folder) => rm(join(folder, 'vectors.npy')), 'vectors.npy to exist'],
  ['no items', (folder) => rm(join(folder, 'items.jsonl')), 'items.jsonl to exist'],
  ['truncated manifest', (folder) => truncate(join(folder, 'gallery.json'), 40), 'gallery.json to be JSON'],
  ['another format', (folder) => edit(folder, { format: 'other' }), "'format'"],
  ['a later version', (folder) => edit(folder, { version: 2 }), 'version of retrievalguard'],
  ['a field missing', (folder) => edit(folder, { sigma: undefined }), "'sigma'"],
  ['another count', (folder) => edit(folder, { count: 8 }), 'to hold 8 × 5'],
  ['another dimension', (folder) => edit(folder, { dimension: 4 }), 'to hold 7 × 4'],
  ['truncated vectors', (folder) => truncate(join(folder, 'vectors.npy'), 200), 'cut short'],
  ['truncated header', (folder) => truncate(join(folder, 'vectors.npy'), 50), 'truncated'],
  ['vectors too long', (folder) => appendFile(join(folder, 'vectors.npy'), 'x'), 'bytes long'],
  ['wrong dtype', (folder) => fixture(folder, 'double.npy'), "dtype '<f8'"],
  ['Fortran order', (folder) => fixture(folder, 'fortran.npy'), 'Fortran order'],
  ['other vectors', (folder) => flip(join(folder, 'vectors.npy'), 140), 'vectors.npy to have the SHA-256'],
  ['other label', (folder) => replaceLine(folder, 'dog', 'cat'), 'items.jsonl to have the SHA-256'],
  ['item missing', (folder) => replaceLine(folder, /.*\n/, ''), 'to hold 7 lines'],
  ['broken item', (folder) => replaceLine(folder, '"label"', '"tag"'), 'line 1 of'],
  ['truncated items', (folder) => truncate(join(folder, 'items.jsonl'), 50), 'line 2 of'],
];
test.each(damages)('refuses %s', async (_, damage, told) => {
  const folder = place();
  await writeGallery(folder, exampleContent());
  await damage(folder);
  await expect(openGallery(folder).then((handle) => handle.load())).rejects.toThrow(invalid(told));
});

test('vectors that shrink between opening and loading are refused', async () => {
  const folder = place();
  await writeGallery(folder, exampleContent());
  const handle = await openGallery(folder);
  await truncate(join(folder, 'vectors.npy'), 200);
  await expect(handle.load()).rejects.toThrow(invalid('cut short'));
});

async function edit(folder: string, change: object): Promise<void> {
  const file = join(folder, 'gallery.json');
  const manifest: object = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...manifest, ...change }));
}
async function flip(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[at] ^= 1;
  await writeFile(file, bytes);
}
async function replaceLine(folder: string, from: string | RegExp, to: string): Promise<void> {
  const file = join(folder, 'items.jsonl');
  await writeFile(file, (await readFile(file, 'utf8')).replace(from, to));
}
async function fixture(folder: string, name: string): Promise<void> {
  await cp(new URL(`fixtures/${name}`, import.meta.url), join(folder, 'vectors.npy'));
}
