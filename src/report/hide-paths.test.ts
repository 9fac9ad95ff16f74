import { expect, test } from 'vitest';
import { exampleManifest } from './fixtures/example.ts';
import { hiding, withoutPaths } from './hide-paths.ts';
import type { LoadedRun } from './types.ts';

test('of absolute paths the last part stays, wherever they stand', () => {
  const manifest = exampleManifest();
  manifest.options.data = 'folder:/home/my name/photos?classes=1/2@test';
  manifest.environment.model = '/models/resnet 50/model.onnx';
  manifest.environment.gallery = String.raw`C:\Users\me\gallery`;
  manifest.environment.command = [
    'retrievalguard',
    '--data',
    'folder:/home/my name/photos',
    '--out=/tmp/x/run',
  ];
  const loaded: LoadedRun = {
    name: 'run',
    folder: '/tmp/x/run',
    manifest,
    rows: [],
    skipped: [
      {
        query: 'cat/1.png',
        error: "expected '/home/my name/photos/cat/1.png' to be a picture (see /var/log/x y).",
      },
    ],
    summary: null,
    notes: ['line 3 of /tmp/x/run/rows.jsonl was cut short'],
  };
  const { manifest: shown, skipped, notes } = withoutPaths(loaded);
  expect(shown.options.data).toBe('folder:photos?classes=1/2@test');
  expect(shown.environment).toMatchObject({
    model: 'model.onnx',
    gallery: 'gallery',
    command: ['retrievalguard', '--data', 'folder:photos', '--out=run'],
  });
  expect(skipped).toEqual([
    { query: 'cat/1.png', error: "expected 'photos/cat/1.png' to be a picture (see x y)." },
  ]);
  expect(notes).toEqual(['line 3 of run/rows.jsonl was cut short']);
  expect(loaded.manifest.environment.model).toBe('/models/resnet 50/model.onnx');
});

test('what is no absolute path stays', () => {
  const texts = [
    'glyphs?classes=1/2@test',
    'folder:photos',
    'a / b',
    '12 images/s',
    'https://example.org/a',
    '../x/y',
    '/',
  ];
  for (const text of texts) expect(hiding([])(text)).toBe(text);
});
