import { spawn, spawnSync } from 'node:child_process';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followLinks, isFilePlace, writeFileWhole } from './output.ts';

let root: string;
const at = (...parts: string[]): string => join(root, ...parts);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'output-'));
});
afterAll(() => rm(root, { recursive: true }));

const unwritable = (text: string) =>
  expect.objectContaining({ code: 'OUTPUT_UNWRITABLE', message: expect.stringContaining(text) });

test('a file is made, then replaced whole, and keeps who may read it', async () => {
  await mkdir(at('plain'));
  await writeFileWhole(at('plain', 'a.txt'), 'one');
  expect(await isFilePlace(at('plain', 'a.txt'))).toBe(true);
  await writeFile(at('plain', 'secret.txt'), 'old', { mode: 0o600 });
  await writeFileWhole(at('plain', 'secret.txt'), 'new');
  expect((await stat(at('plain', 'secret.txt'))).mode & 0o777).toBe(0o600);
  expect(await readFile(at('plain', 'secret.txt'), 'utf8')).toBe('new');
  expect((await readdir(at('plain'))).sort()).toEqual(['a.txt', 'secret.txt']);
});

test('a symbolic link stays one and its target is replaced, also through several and where there is none yet', async () => {
  await mkdir(at('links', 'there'), { recursive: true });
  await writeFile(at('links', 'there', 'target'), 'old');
  await symlink('there/target', at('links', 'one'));
  await symlink('one', at('links', 'two'));
  await symlink('there/later', at('links', 'dangling'));
  for (const [link, target, path] of [
    ['two', 'target', 'one'],
    ['dangling', 'later', 'there/later'],
  ]) {
    await writeFileWhole(at('links', link), link);
    expect(await readlink(at('links', link))).toBe(path);
    expect((await lstat(at('links', 'there', target))).isFile()).toBe(true);
    expect(await readFile(at('links', 'there', target), 'utf8')).toBe(link);
  }
  expect(await readdir(at('links', 'there'))).toEqual(['later', 'target']);
  await symlink('circle', at('links', 'circle'));
  await expect(writeFileWhole(at('links', 'circle'), '')).rejects.toThrow(unwritable('ELOOP'));
  expect(await followLinks(at('links', 'two'))).toBe(await followLinks(at('links', 'there', 'target')));
});

test.skipIf(process.platform === 'win32')(
  'a pipe is written to, by its name and through a link',
  async () => {
    spawnSync('mkfifo', [at('pipe')]);
    await symlink('pipe', at('to-pipe'));
    for (const name of ['pipe', 'to-pipe']) {
      const reader = spawn('cat', [at('pipe')], { stdio: ['ignore', 'pipe', 'ignore'] });
      let read = '';
      reader.stdout.setEncoding('utf8').on('data', (text: string) => (read += text));
      const ended = new Promise((resolve) => reader.on('close', resolve));
      await writeFileWhole(at(name), name.repeat(100_000));
      await ended;
      expect(read).toBe(name.repeat(100_000));
      expect((await stat(at('pipe'))).isFIFO()).toBe(true);
      expect(await isFilePlace(at(name))).toBe(false);
    }
    expect((await lstat(at('to-pipe'))).isSymbolicLink()).toBe(true);
  },
);

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
test.skipIf(!isRoot)('a device is written to and stays one; a full one is said', async () => {
  spawnSync('mknod', [at('null'), 'c', '1', '3']);
  spawnSync('mknod', [at('full'), 'c', '1', '7']);
  await symlink('null', at('to-null'));
  await writeFileWhole(at('null'), 'gone');
  await writeFileWhole(at('to-null'), 'gone');
  await expect(writeFileWhole(at('full'), 'too much')).rejects.toThrow(unwritable('no space left on device'));
  for (const name of ['null', 'full']) expect((await stat(at(name))).isCharacterDevice()).toBe(true);
  expect((await lstat(at('to-null'))).isSymbolicLink()).toBe(true);
});

test('a folder is no place for a file', async () => {
  await mkdir(at('folder', 'inside'), { recursive: true });
  await expect(writeFileWhole(at('folder'), '')).rejects.toThrow(unwritable('to be able to write'));
  await expect(writeFileWhole(at('missing', 'a.txt'), '')).rejects.toThrow(unwritable('ENOENT'));
});
