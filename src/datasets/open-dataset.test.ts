import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { removeTrees, tree } from './fixtures/tree.ts';
import { openDataset } from './index.ts';

afterAll(removeTrees);

const classes = Array.from({ length: 20 }, (_, c) =>
  Array.from({ length: 5 }, (_, i) => `c${c}/${i}.png`),
).flat();

describe('openDataset', () => {
  test('tells root, split, labels and sorted items; reads bytes', async () => {
    const root = tree(['b/2.jpg', 'b/10.jpg', 'a/ä.jpg', 'B/1.jpg']);
    const dataset = await openDataset(root);
    expect(dataset).toMatchObject({ spec: root, root, split: null, labels: ['B', 'a', 'b'] });
    expect(dataset.items.map(({ id }) => id)).toEqual(['B/1.jpg', 'a/ä.jpg', 'b/10.jpg', 'b/2.jpg']);
    expect(dataset.items[2].path).toBe(join(root, 'b/10.jpg'));
    expect(Buffer.from(await dataset.items[2].read()).toString()).toBe('b/10.jpg');
  });

  test('ids and labels are NFC whatever the file system stores', async () => {
    const { items } = await openDataset(tree(['gru\u0308n/a\u0308.jpg']));
    expect(items[0]).toMatchObject({ id: 'gr\u00fcn/\u00e4.jpg', label: 'gr\u00fcn' });
    await expect(items[0].read()).resolves.toHaveLength('gru\u0308n/a\u0308.jpg'.length + 2);
  });

  test('samples by seed, in order, and only the labels that were drawn', async () => {
    const root = tree(classes);
    const ten = await openDataset(root, { limit: 10, seed: 1 });
    expect(ten.items).toHaveLength(10);
    expect(ten.labels).toEqual([...new Set(ten.items.map(({ label }) => label))].toSorted());
    expect((await openDataset(root, { limit: 10, seed: 1 })).fingerprint).toBe(ten.fingerprint);
    expect((await openDataset(root, { limit: 10, seed: 2 })).fingerprint).not.toBe(ten.fingerprint);
    expect((await openDataset(root, { limit: 10 })).labels.length).toBeGreaterThan(4);
    expect((await openDataset(root, { perClass: 1 })).items).toHaveLength(20);
    await expect(openDataset(root, { limit: 0 })).rejects.toThrow(/^OPTION_INVALID/);
  });

  test('parts of the classes are disjoint, whole, and the same in every split', async () => {
    const root = tree(['train', 'test'].flatMap((split) => classes.map((path) => `${split}/${path}`)));
    const labels = async (spec: string) => (await openDataset(`folder:${root}${spec}`)).labels;
    const thirds = await Promise.all([1, 2, 3].map((part) => labels(`?classes=${part}/3@train`)));
    expect(thirds.flat().toSorted()).toEqual((await labels('@train')).toSorted());
    for (const third of thirds) expect(third.length).toBeGreaterThan(0);
    expect(await labels('?classes=2/3@test')).toEqual(thirds[1]);
    const one = await openDataset(`folder:${root}?classes=1/3@train`);
    expect(one.items).toHaveLength(5 * thirds[0].length);
  });

  test('the fingerprint depends on ids, labels and sizes, not on the place', async () => {
    const files = { 'a/1.png': 'one', 'b/2.png': 'two' };
    const fingerprint = async (root: string): Promise<string> => (await openDataset(root)).fingerprint;
    const first = await fingerprint(tree(files));
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await fingerprint(tree(files))).toBe(first);
    expect(await fingerprint(tree({ ...files, 'a/1.png': 'three' }))).not.toBe(first);
    expect(await fingerprint(tree({ 'a/1.png': 'one', 'b/3.png': 'two' }))).not.toBe(first);
    const root = tree({
      ...files,
      'x.csv': 'path,label\na/1.png,a\nb/2.png,b\n',
      'y.csv': 'path,label\na/1.png,a\nb/2.png,c\n',
    });
    expect(await fingerprint(join(root, 'x.csv'))).toBe(first);
    expect(await fingerprint(join(root, 'y.csv'))).not.toBe(first);
  });

  test('refuses missing paths, and says when a suffix was no split', async () => {
    await expect(openDataset('folder:/no/such/folder')).rejects.toThrow(
      /^DATASET_LAYOUT.*existing path for folder:.*no/,
    );
    await expect(openDataset('cub200:/no/such@foo')).rejects.toThrow(/^DATASET_LAYOUT/);
    const splits = tree(['training/a/1.png', 'Validation/a/2.png']);
    await expect(openDataset(`${splits}@foo`)).rejects.toThrow(
      /^DATASET_SPEC.*train or training.*@foo.*Validation, training/,
    );
    await expect(openDataset('nonsense:x')).rejects.toThrow(/^DATASET_SPEC/);
    const file = join(tree({ 'x.bin': '' }), 'x.bin');
    for (const scheme of ['folder', 'sop', 'cub200', 'cars196']) {
      await expect(openDataset(`${scheme}:${file}`)).rejects.toThrow(/expected a folder/);
    }
  });
});

describe('folder:', () => {
  test('finds images at any depth, by extension, and skips the rest', async () => {
    const root = tree([
      'cat/1.JPG',
      'cat/deep/er/2.webp',
      'dog/3.avif',
      'dog/notes.txt',
      'dog/4.bmp',
      'dog/._3.avif',
      '.git/x/5.png',
      '__MACOSX/dog/6.png',
      'montage.png',
    ]);
    const { items } = await openDataset(`folder:${root}`);
    expect(items.map(({ id, label }) => [id, label])).toEqual([
      ['cat/1.JPG', 'cat'],
      ['cat/deep/er/2.webp', 'cat'],
      ['dog/3.avif', 'dog'],
    ]);
  });

  test('splits are sub-folders; ids never meet', async () => {
    const root = tree(['train/a/1.png', 'train/b/1.png', 'test/a/1.png']);
    const train = await openDataset(`folder:${root}@train`);
    const held = await openDataset(`${root}@test`);
    expect(train).toMatchObject({ split: 'train', root, labels: ['a', 'b'] });
    expect(held.items.map(({ id, label }) => [id, label])).toEqual([['test/a/1.png', 'a']]);
    const all = await openDataset(root);
    expect(all.items.map(({ id }) => id)).toEqual(['test/a/1.png', 'train/a/1.png', 'train/b/1.png']);
    expect(all.labels).toEqual(['a', 'b']);
    await expect(openDataset(`${root}@val`)).rejects.toThrow(/^DATASET_LAYOUT.*sub-folder 'val'/);
  });

  test("a class may be called 'train'; two split names beside classes are ambiguous", async () => {
    expect((await openDataset(tree(['train/1.png', 'plane/2.png']))).labels).toEqual(['plane', 'train']);
    const mixed = tree(['train/a/1.png', 'test/a/2.png', 'extra/3.png']);
    await expect(openDataset(mixed)).rejects.toThrow(/^DATASET_LAYOUT.*test, train beside extra.*@test/);
    expect((await openDataset(`${mixed}@train`)).items).toHaveLength(1);
  });

  test('a trailing slash keeps a split name in the path', async () => {
    const root = tree(['x@test/a/1.png']);
    expect((await openDataset(`folder:${root}/x@test/`)).items[0].id).toBe('a/1.png');
  });

  test('follows links within, survives cycles, leaves out those that are dangling or lead out', async () => {
    const root = tree(['a/1.png', 'a/sub/2.png']);
    const elsewhere = tree(['3.png']);
    symlinkSync('..', join(root, 'a', 'sub', 'up'));
    symlinkSync(root, join(root, 'a', 'top'));
    symlinkSync(elsewhere, join(root, 'b'));
    symlinkSync('nowhere.png', join(root, 'a', '4.png'));
    symlinkSync(join(elsewhere, '3.png'), join(root, 'a', '5.png'));
    symlinkSync('sub/2.png', join(root, 'a', '6.png'));
    const { items, notes } = await openDataset(root);
    expect(items.map(({ id }) => id)).toEqual(['a/1.png', 'a/6.png', 'a/sub/2.png']);
    await expect(items[1].read()).resolves.toEqual(Buffer.from('a/sub/2.png'));
    expect(notes).toEqual([
      expect.stringMatching(
        /1 links to nothing \(a\/4\.png\).*2 links that lead out of the folder.*\(a\/5\.png, …\)/,
      ),
    ]);
  });

  test('refuses empty folders and images without classes', async () => {
    await expect(openDataset(tree({}))).rejects.toThrow(/^DATASET_EMPTY/);
    await expect(openDataset(tree(['a/readme.md']))).rejects.toThrow(/^DATASET_EMPTY/);
    await expect(openDataset(tree(['1.png', '2.png']))).rejects.toThrow(/^DATASET_LAYOUT.*2 images directly/);
  });
});

describe('list:', () => {
  test('reads paths and labels in any of their spellings', async () => {
    const root = tree({
      'a.png': 'x',
      'my list.txt':
        '\uFEFF# comment\r\n\r\na.png, 1, 7\r\nsub/b.png,2\r\n  c d.png ,  two words  \r\na.png,1\r\n../up.png,3',
    });
    const { items } = await openDataset(join(root, 'my list.txt'));
    expect(items.map(({ id, label }) => [id, label])).toEqual([
      ['../up.png', '3'],
      ['a.png', '1'],
      ['c d.png', 'two words'],
      ['sub/b.png', '2'],
    ]);
    await expect(items[1].read()).resolves.toHaveLength(1);
    await expect(items[3].read()).rejects.toThrow(/^IMAGE_UNREADABLE.*sub.b\.png/);
  });

  test('a folder of lists has splits', async () => {
    const root = tree({ 'train.txt': 'a.png, 1\n', 'test.txt': 'b.png, 1\nc.png, 2\n' });
    expect((await openDataset(`list:${root}@test`)).items.map(({ id }) => id)).toEqual(['b.png', 'c.png']);
    expect((await openDataset(`list:${root}`)).items).toHaveLength(3);
    await expect(openDataset(`list:${root}@val`)).rejects.toThrow(/^DATASET_LAYOUT: expected one val\.txt/);
    await expect(openDataset(`list:${root}/test.txt@test`)).rejects.toThrow(/^DATASET_SPEC.*the single file/);
    await expect(openDataset(`list:${tree({})}`)).rejects.toThrow(/train\.txt, val\.txt or test\.txt/);
  });

  test.each([
    ['a.png, 1\n\n# x\nb.png 2\n', /^DATASET_LAYOUT.*"b\.png 2" at .*l\.txt:4.*comma/],
    ['a.png,\n', /l\.txt:1/],
    [', 3\n', /l\.txt:1/],
    ['a.png, 1\nb.png, 1\n./a.png, 2\n', /^DATASET_LABELS.*'1' and '2' for a\.png.*l\.txt:1 and .*l\.txt:3/],
    ['# nothing\n', /^DATASET_EMPTY/],
  ])('refuses %j', async (text, message) => {
    await expect(openDataset(`list:${tree({ 'l.txt': text })}/l.txt`)).rejects.toThrow(message);
  });
});

describe('csv:', () => {
  const open = (text: string, split = ''): ReturnType<typeof openDataset> =>
    openDataset(`csv:${tree({ 'l.csv': text })}/l.csv${split}`);

  test('reads RFC 4180 with the columns in any order', async () => {
    const { items } = await open('\uFEFFid,Label, path\r\n1,"cat, big","a,""b"".png"\r\n\r\n2,dog,c.png\r\n');
    expect(items.map(({ id, label }) => [id, label])).toEqual([
      ['a,"b".png', 'cat, big'],
      ['c.png', 'dog'],
    ]);
  });

  test('splits are a column', async () => {
    const text = 'path,label,split\na.png,1,train\nb.png,2,test\nc.png,3,train\n';
    expect((await open(text, '@train')).labels).toEqual(['1', '3']);
    expect((await open(text, '@test')).labels).toEqual(['2']);
    expect((await open(text)).items).toHaveLength(3);
    await expect(open(text, '@val')).rejects.toThrow(/^DATASET_LAYOUT.*@train, @test.*@val/);
  });

  test.each([
    ['path,class\na,1\n', '', /^DATASET_LAYOUT.*path, label at .*l\.csv:1.*'path,class', without label/],
    ['path;label\na;1\n', '', /without path/],
    ['', '', /an empty file/],
    ['path,label\na,1\n', '@test', /which has none.*Add a column split.*leave out @test/],
    ['path,label\na,1\n"b\nc",\n', '', /^DATASET_LAYOUT.*a path and a label.*l\.csv:4/],
    ['path,label\na,1\nb\n', '', /^DATASET_LAYOUT.*l\.csv.*line 3/],
    ['path,label\n"a,1\n', '', /^DATASET_LAYOUT.*l\.csv.*[Qq]uote/],
    ['path,label\n', '', /^DATASET_EMPTY/],
  ])('refuses %j', async (text, split, message) => {
    await expect(open(text, split)).rejects.toThrow(message);
  });

  test('a folder is no CSV file', async () => {
    await expect(openDataset(`csv:${tree({})}`)).rejects.toThrow(/a file for csv:/);
  });
});

describe('splits by any usual name', () => {
  test.each([
    ['val', ['train/a/1.png', 'validation/a/2.png']],
    ['validation', ['train/a/1.png', 'dev/a/2.png']],
    ['VALID', ['Train/a/1.png', 'Val/a/2.png']],
    ['testing', ['training/a/1.png', 'test/a/2.png']],
    ['query', ['gallery/a/1.png', 'queries/a/2.png']],
  ])('@%s of %j', async (name, files) => {
    const root = tree(files);
    expect((await openDataset(`${root}@${name}`)).items.map(({ id }) => id)).toEqual([files[1]]);
    // and without a name the splits are no classes
    expect((await openDataset(root)).labels).toEqual(['a']);
  });

  test('in lists, in a column of a CSV file, and as flags', async () => {
    const lists = tree({ 'training.txt': 'a.png, 1\n', 'dev.txt': 'b.png, 1\n' });
    expect((await openDataset(`list:${lists}@val`)).items.map(({ id }) => id)).toEqual(['b.png']);
    const csv = (text: string) => `csv:${tree({ 'l.csv': text })}/l.csv`;
    const split = csv('path,label,split\na.png,1,Training\nb.png,2,valid\nc.png,2,\n');
    expect((await openDataset(`${split}@train`)).items.map(({ id }) => id)).toEqual(['a.png']);
    expect((await openDataset(`${split}@validation`)).items.map(({ id }) => id)).toEqual(['b.png']);
    const flags = csv('path,label,is_query,is_gallery\na.png,1,1,0\nb.png,1,False,True\nc.png,2,yes,yes\n');
    expect((await openDataset(`${flags}@query`)).items.map(({ id }) => id)).toEqual(['a.png', 'c.png']);
    expect((await openDataset(`${flags}@gallery`)).items.map(({ id }) => id)).toEqual(['b.png', 'c.png']);
    await expect(openDataset(`${flags}@train`)).rejects.toThrow(/@query, @gallery/);
  });

  test('a value that is the name of no split is refused with its line, whatever was asked for', async () => {
    const file = `csv:${tree({ 'l.csv': 'path,label,split\na.png,1,train\nb.png,2,foo\n' })}/l.csv`;
    for (const spec of [file, `${file}@train`])
      await expect(openDataset(spec)).rejects.toThrow(
        /^DATASET_LAYOUT.*train or training.*"foo" at .*l\.csv:3/,
      );
    const flags = `csv:${tree({ 'l.csv': 'path,label,is_query\na.png,1,maybe\n' })}/l.csv`;
    await expect(openDataset(flags)).rejects.toThrow(/"maybe" at .*l\.csv:2/);
  });
});

describe('what is left out is said in one line', () => {
  test('by reason, with an example each', async () => {
    const root = tree([
      'A/1.jpg',
      'A/2.jfif',
      'A/3.JPE',
      'B/4.png',
      'B/IMG.HEIC',
      'B/x.bmp',
      'stray.jpg',
      'B/.DS_Store',
      '@eaDir/A/t.jpg',
      'Thumbs.db',
    ]);
    execFileSync('mkfifo', [join(root, 'A', 'pipe.png')]);
    writeFileSync(
      Buffer.concat([Buffer.from(`${root}/A/`), Buffer.from([0xe9, 0x2e, 0x6a, 0x70, 0x67])]),
      'x',
    );
    const { items, notes } = await openDataset(root);
    expect(items.map(({ id }) => id)).toEqual(['A/1.jpg', 'A/2.jfif', 'A/3.JPE', 'B/4.png']);
    expect(notes).toHaveLength(1);
    for (const part of [
      /1 HEIC.*\(B\/IMG\.HEIC\)/,
      /1 of another kind.*\(B\/x\.bmp\)/,
      /1 beside the class folders \(stray\.jpg\)/,
      /3 hidden or of the system/,
      /1 no ordinary files.*\(A\/pipe\.png\)/,
      /1 with a name that is not UTF-8/,
    ])
      expect(notes[0]).toMatch(part);
  });

  test('a pipe that a list names is not waited for', async () => {
    const root = tree({ 'l.csv': 'path,label\npipe.png,1\n' });
    execFileSync('mkfifo', [join(root, 'pipe.png')]);
    const { items } = await openDataset(`csv:${root}/l.csv`);
    await expect(items[0].read()).rejects.toThrow(/^IMAGE_UNREADABLE.*no ordinary file/);
  });
});

describe('encodings', () => {
  const rows = 'path,label\na.png,pêche\nb.png,pèche\n';
  const open = (bytes: Uint8Array) => {
    const root = tree({});
    writeFileSync(join(root, 'l.csv'), bytes);
    return openDataset(`csv:${root}/l.csv`);
  };

  test('UTF-8 with a mark, and UTF-16 of both kinds', async () => {
    const little = Buffer.from(`\uFEFF${rows}`, 'utf16le');
    for (const bytes of [Buffer.from(`\uFEFF${rows}`), little, Buffer.from(little).swap16()])
      expect((await open(bytes)).labels).toEqual(['pèche', 'pêche']);
  });

  test('any other is refused, naming the line: two labels never become one', async () => {
    await expect(open(Buffer.from(rows, 'latin1'))).rejects.toThrow(/^DATASET_LAYOUT.*UTF-8.*l\.csv:2/);
  });

  test('labels that are one after trimming are told', async () => {
    const { notes, labels } = await open(Buffer.from('path,label\na.png,cat\nb.png,"cat "\n'));
    expect(labels).toEqual(['cat']);
    expect(notes).toEqual([expect.stringMatching(/"cat" and "cat "/)]);
  });

  test('paths with backslashes lead to their files', async () => {
    const root = tree({
      'l.csv': 'path,label\n"img\\a.png",1\nimg\\b.png,2\n',
      'img/a.png': 'x',
      'img/b.png': 'y',
    });
    const { items } = await openDataset(`csv:${root}/l.csv`);
    expect(items.map(({ id }) => id)).toEqual(['img/a.png', 'img/b.png']);
    await expect(items[0].read()).resolves.toHaveLength(1);
  });
});

describe('order of the file system', () => {
  test('does not show', async () => {
    const names = ['c/1.png', 'a/1.png', 'b/1.png'];
    const forward = await openDataset(tree(names));
    const backward = await openDataset(tree(names.toReversed()));
    expect(backward.fingerprint).toBe(forward.fingerprint);
  });
});
