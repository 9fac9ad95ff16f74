/** The benchmarks in exactly the layouts of their downloads, a few files each. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import { removeTrees, tree } from './fixtures/tree.ts';
import { type Dataset, openDataset } from './index.ts';

afterAll(removeTrees);

const pairs = ({ items }: Dataset): [string, string][] => items.map(({ id, label }) => [id, label]);

/** Opens both halves of a dataset that is split by class, and checks that they share nothing and miss nothing. */
async function openHalves(spec: string): Promise<{ train: Dataset; held: Dataset }> {
  const [train, held, all] = await Promise.all(
    ['@train', '@test', ''].map((split) => openDataset(spec + split)),
  );
  expect(train.labels.filter((label) => held.labels.includes(label))).toEqual([]);
  expect(new Set([...pairs(train), ...pairs(held)].map(([id]) => id)).size).toBe(all.items.length);
  return { train, held };
}

describe('sop:', () => {
  const header = 'image_id class_id super_class_id path';
  const files = {
    'Ebay_train.txt': `${header}\n1 1 1 bicycle_final/111085122871_0.JPG\n2 1 1 bicycle_final/111085122871_1.JPG\n`,
    'Ebay_test.txt': `${header}\r\n59552 11319 1 bicycle_final/111264328640_0.JPG\r\n59553 11320 12 toaster_final/x y.JPG\r\n`,
    'bicycle_final/111085122871_0.JPG': 'jpeg',
  };

  test('splits by class', async () => {
    const root = tree(files);
    const { train, held } = await openHalves(`sop:${root}`);
    expect(pairs(train)).toEqual([
      ['bicycle_final/111085122871_0.JPG', '1'],
      ['bicycle_final/111085122871_1.JPG', '1'],
    ]);
    expect(pairs(held)).toEqual([
      ['bicycle_final/111264328640_0.JPG', '11319'],
      ['toaster_final/x y.JPG', '11320'],
    ]);
    expect(Buffer.from(await train.items[0].read()).toString()).toBe('jpeg');
    await expect(train.items[1].read()).rejects.toThrow(/^IMAGE_UNREADABLE/);
  });

  test('accepts the folder that it was unpacked into', async () => {
    const nested = Object.fromEntries(
      Object.entries(files).map(([path, content]) => [`Stanford_Online_Products/${path}`, content]),
    );
    const root = tree(nested);
    const dataset = await openDataset(`sop:${root}@test`);
    expect(dataset.root).toBe(join(root, 'Stanford_Online_Products'));
    expect(dataset.items).toHaveLength(2);
  });

  test.each([
    [{}, /^DATASET_LAYOUT: expected Ebay_train\.txt; got none/],
    [{ 'Ebay_train.txt': '' }, /the header.*got "" at .*Ebay_train\.txt:1/],
    [{ 'Ebay_train.txt': '1 1 1 a.JPG\n' }, /^DATASET_LAYOUT.*the header "image_id.*"1 1 1 a\.JPG" at/],
    [
      { 'Ebay_train.txt': `${header}\n1 1 1 a.JPG\n\n1 one 1 b.JPG\n` },
      /"1 one 1 b\.JPG" at .*Ebay_train\.txt:4/,
    ],
    [{ 'Ebay_train.txt': `${header}\n` }, /^DATASET_EMPTY/],
  ])('refuses %j', async (broken, message) => {
    await expect(openDataset(`sop:${tree(broken)}@train`)).rejects.toThrow(message);
  });

  test('needs both lists for all images', async () => {
    const root = tree({ 'Ebay_train.txt': files['Ebay_train.txt'] });
    await expect(openDataset(`sop:${root}`)).rejects.toThrow(
      /^DATASET_LAYOUT.*Ebay_test\.txt; got no such file/,
    );
  });
});

describe('cub200:', () => {
  const files = {
    'images.txt':
      '1 001.Albatross/A_1.jpg\n2 001.Albatross/A_2.jpg\n3 100.Pelican/P_1.jpg\n4 101.Wren/W_1.jpg\n5 200.Warbler/Y_1.jpg\n',
    'image_class_labels.txt': '1 1\n2 1\n3 100\n4 101\n5 200\n',
    'classes.txt': '1 001.Albatross\n100 100.Pelican\n101 101.Wren\n200 200.Warbler\n',
    'train_test_split.txt': '1 0\n2 1\n3 1\n4 1\n5 0\n',
    'images/001.Albatross/A_1.jpg': 'jpeg',
  };

  test('splits by class, 1–100 and 101–200', async () => {
    const { train, held } = await openHalves(`cub200:${tree(files)}`);
    expect(pairs(train)).toEqual([
      ['images/001.Albatross/A_1.jpg', '001.Albatross'],
      ['images/001.Albatross/A_2.jpg', '001.Albatross'],
      ['images/100.Pelican/P_1.jpg', '100.Pelican'],
    ]);
    expect(held.labels).toEqual(['101.Wren', '200.Warbler']);
    await expect(train.items[0].read()).resolves.toHaveLength(4);
  });

  test.each([
    [{ 'images.txt': undefined }, /^DATASET_LAYOUT.*no images\.txt in/],
    [{ 'classes.txt': undefined }, /^DATASET_LAYOUT.*the file .*classes\.txt; got no such file/],
    [
      { 'image_class_labels.txt': '1 1\n2 1\n' },
      /^DATASET_LABELS.*image 3 \(.*images\.txt:3\).*none in image_class/,
    ],
    [{ 'classes.txt': '1 001.Albatross\n' }, /^DATASET_LABELS.*class 100, which classes\.txt lacks/],
    [{ 'images.txt': '1 a.jpg\n\nb.jpg\n' }, /"image_id path"; got "b\.jpg" at .*images\.txt:3/],
  ])('refuses %j', async (change, message) => {
    const changed = Object.entries({ ...files, ...change }).filter(
      (entry): entry is [string, string] => !!entry[1],
    );
    await expect(openDataset(`cub200:${tree(Object.fromEntries(changed))}`)).rejects.toThrow(message);
  });
});

describe('cars196:', () => {
  /** A folder with .mat fixtures under the names of the download. */
  function withFixtures(names: Readonly<Record<string, string>>): string {
    const root = tree({ 'car_ims/000001.jpg': 'jpeg', 'cars_train/00001.jpg': 'jpeg' });
    mkdirSync(join(root, 'devkit'));
    for (const [target, fixture] of Object.entries(names)) {
      copyFileSync(join(import.meta.dirname, 'fixtures', fixture), join(root, target));
    }
    return root;
  }

  test.each(['cars_annos.mat', 'cars_annos.compressed.mat'])(
    'splits %s by class, 1–98 and 99–196',
    async (fixture) => {
      const { train, held } = await openHalves(`cars196:${withFixtures({ 'cars_annos.mat': fixture })}`);
      expect(pairs(train)).toEqual([
        ['car_ims/000001.jpg', '001.Make Model 1 2012'],
        ['car_ims/000002.jpg', '001.Make Model 1 2012'],
        ['car_ims/000003.jpg', '098.Make Model 98 2012'],
      ]);
      expect(held.labels).toEqual(['099.Make Modèle Coupé 2012', '196.Make Model 196 2012']);
      await expect(train.items[0].read()).resolves.toHaveLength(4);
    },
  );

  test('reads annotations without class names', async () => {
    const { labels } = await openDataset(`cars196:${withFixtures({ 'cars_annos.mat': 'big_endian.mat' })}`);
    expect(labels).toEqual(['001', '098', '099', '196']);
  });

  test.each(['cars_test_annos_withlabels.mat', 'devkit/cars_test_annos_withlabels.mat'])(
    'reads the devkit with %s',
    async (place) => {
      const root = withFixtures({
        'devkit/cars_train_annos.mat': 'cars_train_annos.mat',
        'devkit/cars_meta.mat': 'cars_meta.mat',
        [place]: 'cars_test_annos_withlabels.mat',
      });
      const { train, held } = await openHalves(`cars196:${root}`);
      expect(pairs(train)).toEqual([
        ['cars_test/00002.jpg', '001.Make Model 1 2012'],
        ['cars_train/00001.jpg', '001.Make Model 1 2012'],
        ['cars_train/00003.jpg', '098.Make Model 98 2012'],
      ]);
      expect(held.items.map(({ id }) => id)).toEqual([
        'cars_test/00004.jpg',
        'cars_test/00006.jpg',
        'cars_train/00005.jpg',
      ]);
    },
  );

  test('refuses incomplete or foreign folders', async () => {
    await expect(openDataset(`cars196:${tree({})}`)).rejects.toThrow(
      /^DATASET_LAYOUT.*no cars_annos\.mat or devkit/,
    );
    const half = withFixtures({ 'devkit/cars_train_annos.mat': 'cars_train_annos.mat' });
    await expect(openDataset(`cars196:${half}`)).rejects.toThrow(
      /no cars_test_annos_withlabels\.mat.*labels/,
    );
    const other = withFixtures({ 'cars_annos.mat': 'cars_train_annos.mat' });
    await expect(openDataset(`cars196:${other}`)).rejects.toThrow(
      /relative_im_path and class.*the fields bbox_x1/,
    );
    const none = withFixtures({ 'cars_annos.mat': 'kinds.mat' });
    await expect(openDataset(`cars196:${none}`)).rejects.toThrow(/no such variable/);
    const text = tree({ 'cars_annos.mat': 'an error page' });
    await expect(openDataset(`cars196:${text}`)).rejects.toThrow(
      /^DATASET_LAYOUT.*MATLAB 5.*cars_annos\.mat/,
    );
  });
});

describe('omniglot:', () => {
  const drawings = (root: string, alphabets: readonly string[]): Record<string, Uint8Array> => {
    const entries: [string, Uint8Array][] = [[`${root}/`, new Uint8Array()]];
    for (const alphabet of alphabets) {
      entries.push([`${root}/${alphabet}/`, new Uint8Array()]);
      for (const character of ['character01', 'character02']) {
        for (const name of ['0001_01.png', '0001_02.png']) {
          entries.push([
            `${root}/${alphabet}/${character}/${name}`,
            strToU8(`${alphabet} ${character} ${name}`),
          ]);
        }
      }
    }
    return Object.fromEntries(entries);
  };
  const archives = {
    'images_background_small1.zip': zipSync({
      ...drawings('images_background_small1', ['Greek', 'Korean']),
      'images_background_small1/Greek/readme.txt': strToU8('no drawing'),
      '__MACOSX/images_background_small1/Greek/character01/._0001_01.png': strToU8('no drawing'),
    }),
    'images_background_small2.zip': zipSync(drawings('images_background_small2', ['Greek', 'Tagalog'])),
    'images_evaluation.zip': zipSync(drawings('images_evaluation', ['Oriya'])),
    'strokes_background.zip': 'not looked at',
  };

  test('reads zip archives, counts the overlap once, splits by archive', async () => {
    const root = tree(archives);
    const all = await openDataset(`omniglot:${root}`);
    expect(all.items).toHaveLength(16);
    expect(all.labels).toEqual(
      ['Greek', 'Korean', 'Oriya', 'Tagalog'].flatMap((name) => [
        `${name}/character01`,
        `${name}/character02`,
      ]),
    );
    const [first] = all.items;
    expect(first.id).toBe(
      'images_background_small1.zip/images_background_small1/Greek/character01/0001_01.png',
    );
    expect(first.path).toBeUndefined();
    expect(Buffer.from(await first.read()).toString()).toBe('Greek character01 0001_01.png');
    expect((await openDataset(`omniglot:${root}@background`)).items).toHaveLength(12);
    expect((await openDataset(`omniglot:${root}@evaluation`)).labels).toEqual([
      'Oriya/character01',
      'Oriya/character02',
    ]);
  });

  test('reads one archive', async () => {
    const root = tree(archives);
    const one = await openDataset(`omniglot:${root}/images_background_small2.zip`);
    expect(one).toMatchObject({ root, items: { length: 8 } });
    await expect(openDataset(`omniglot:${root}/images_evaluation.zip@background`)).rejects.toThrow(
      /^DATASET_LAYOUT.*images_background… for @background/,
    );
    await expect(openDataset(`omniglot:${root}/strokes_background.zip`)).rejects.toThrow(
      /^DATASET_LAYOUT.*plain zip/,
    );
  });

  test('reads unpacked folders, alone and beside the archives', async () => {
    const files = Object.entries(drawings('images_background', ['Greek', 'Futurama'])).filter(
      ([path]) => !path.endsWith('/'),
    );
    const root = tree(Object.fromEntries(files));
    const plain = await openDataset(`omniglot:${root}@background`);
    expect(plain.items).toHaveLength(8);
    expect(plain.items[0].id).toBe('images_background/Futurama/character01/0001_01.png');
    expect((await openDataset(`omniglot:${root}/images_background@background`)).items).toHaveLength(8);
    writeFileSync(join(root, 'images_background_small1.zip'), archives['images_background_small1.zip']);
    expect((await openDataset(`omniglot:${root}`)).labels).toHaveLength(6);
  });

  test('filters by alphabet', async () => {
    const root = tree(archives);
    const two = await openDataset(`omniglot:${root}?alphabets=Korean+Tagalog@background`);
    expect(two.labels).toEqual([
      'Korean/character01',
      'Korean/character02',
      'Tagalog/character01',
      'Tagalog/character02',
    ]);
    await expect(openDataset(`omniglot:${root}?alphabets=Korean+Oriya@background`)).rejects.toThrow(
      /^DATASET_SPEC: expected alphabets among Greek, Korean, Tagalog; got Oriya/,
    );
  });

  test('refuses archives that disagree, and folders without drawings', async () => {
    const changed = zipSync({ 'images_background_x/Greek/character01/0001_01.png': strToU8('another') });
    const root = tree({ ...archives, 'images_background_x.zip': changed });
    await expect(openDataset(`omniglot:${root}`)).rejects.toThrow(
      /^DATASET_LAYOUT.*different contents in images_background_small1/,
    );
    await expect(openDataset(`omniglot:${tree(['a/1.png'])}`)).rejects.toThrow(
      /^DATASET_LAYOUT.*characterNN/,
    );
  });
});
