import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { VERSION } from '../src/version.ts';
import { FOLDERS, importsOfFolder, RUNS_ANYWHERE } from '../tools/architecture.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  exports: Record<string, { default: string } | string>;
};

test('VERSION is that of package.json', () => {
  expect(VERSION).toBe(manifest.version);
});

test('every entry point exists in the sources', async () => {
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string') continue;
    const source = target.default.replace('./dist/', '../src/').replace(/\.js$/, '.ts');
    const module = (await import(source)) as object;
    expect({ name, exports: Object.keys(module).length > 0 }).toEqual({ name, exports: true });
  }
});

test('the public face is these names; whatever else its folders have, their own entry points give', async () => {
  expect(Object.keys((await import('../src/index.ts')) as object).sort()).toEqual([
    'CERTIFICATE_METHODS',
    'ERROR_CODES',
    'Gallery',
    'RetrievalGuardError',
    'Smoother',
    'VERSION',
    'attackDataset',
    'auditRun',
    'certifyDataset',
    'defaultRadii',
    'galleryHash',
    'identityGallery',
    'indexDataset',
    'initialModel',
    'isRetrievalGuardError',
    'loadFolder',
    'loadImage',
    'loadRun',
    'openDataset',
    'openEncoder',
    'openGallery',
    'radiusOf',
    'readEncoderInfo',
    'readRun',
    'renderReport',
    'runStatistics',
    'shareAbove',
    'survivalCurve',
    'train',
    'writeGallery',
    'writeReport',
  ]);
  const entries = Object.keys(manifest.exports);
  const folders = [...importsOfFolder(FOLDERS['index.ts']), 'errors'];
  expect(folders.filter((name) => !entries.includes(`./${name}`))).toEqual([]);
});

test('what is said to run in a browser is held to it', () => {
  expect(RUNS_ANYWHERE).toEqual(expect.arrayContaining(['certify', 'plan', 'stats', 'noise']));
});
