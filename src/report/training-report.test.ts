import { expect, test } from 'vitest';
import { checkHtml, rowWith } from './fixtures/check-html.ts';
import { exampleRun } from './fixtures/example.ts';
import { exampleHistory, exampleTraining, exampleTrainingManifest } from './fixtures/example-training.ts';
import { renderReport } from './report.ts';
import type { LoadedTraining } from './types.ts';

const plain = exampleTraining({
  name: 'dml',
  manifest: exampleTrainingManifest(0),
  history: exampleHistory(0),
});

test('one training: curves, the kept epoch in numbers, settings', async () => {
  const page = await renderReport([exampleTraining()]);
  checkHtml(page);
  expect(page).toContain('<h1>Training of encoders</h1>');
  const [, clean, noisy] = page.split('rowgroup');
  expect(rowWith(clean, '3, kept')).toContain('3, kept 70.0% 75.0% 80.0% 85.0% 35.0%');
  expect(rowWith(clean, '0, before training')).toContain('20.0% 25.0% 30.0% 35.0% 10.0%');
  expect(rowWith(noisy, '3, kept')).toContain('3, kept 55.0% 60.0% 65.0% 70.0% 27.5%');
  expect(rowWith(page, 'Augmentation')).toContain('crop; flip yes');
  expect(rowWith(page, 'scope="row">Loss<')).toContain('margin; options (margin 0.3)');
  expect(rowWith(page, 'scope="row">Schedule<')).toContain(
    'multi-step; milestones 2, 3; factor 0.3; warmupSteps 0',
  );
  expect(rowWith(page, 'scope="row">Batch<')).toContain('112 images: 28 classes, 4 of each');
  expect(rowWith(page, 'Time spent')).toContain('1 min 40 s');
  for (const text of [
    '<b>4 of 4</b>',
    'epoch 3 kept',
    '<b>55.0%</b>',
    'under noise',
    "'it&#39;\\&#39;&#39;s&#39;".slice(1),
  ])
    expect(page).toContain(text);
  expect(page.replace(/<script>[\s\S]*?<\/script>/, '')).not.toMatch(
    /https?:|<script|xmlns|NaN|undefined|\[object/,
  );
  expect(page).not.toContain('Certified Recall');
  expect(page).toBe(await renderReport([exampleTraining()]));
});

test('several trainings share a figure, up to six; names are told apart, settings that differ marked', async () => {
  const page = await renderReport([plain, exampleTraining(), exampleTraining()]);
  checkHtml(page);
  expect(page.match(/<figure>/g)).toHaveLength(1);
  for (const i of [0, 1, 2]) expect(page).toContain(`stroke="var(--training-${i})"`);
  expect(page).toContain('<bdi>encoder (2)</bdi>');
  expect(page).toMatch(/class="differ"><th scope="row">σ/);
  expect(page).toContain('(no noise)');
  const noisy = page.split('Pictures with noise')[1].split('</tbody>')[0];
  expect(noisy).toContain('<bdi>encoder</bdi>');
  expect(noisy).not.toContain('<bdi>dml</bdi>');
  const many = await renderReport(Array.from({ length: 7 }, () => plain));
  checkHtml(many);
  expect(many.match(/<figure>/g)).toHaveLength(7);
});

test('without noise no curve of noise; without held-out pictures no Recall', async () => {
  const page = await renderReport([plain]);
  expect(page).not.toContain('under noise</li>');
  expect(page).not.toContain('Pictures with noise');
  const manifest = exampleTrainingManifest();
  manifest.configuration.validation = null;
  const history = exampleHistory().map((row) => ({ ...row, clean: null, noisy: null, best: row.epoch > 0 }));
  const blind = await renderReport([exampleTraining({ manifest, history })]);
  checkHtml(blind);
  expect(blind).toContain('No held-out pictures');
  expect(blind).toContain('The model of the last epoch was kept.');
  expect(blind).not.toContain('Recall@8');
  expect(blind).toContain('>Loss</text>');
});

test('a training of no or one finished epoch is still a page', async () => {
  const begun = await renderReport([exampleTraining({ history: [], notes: ['No epoch yet.'] })]);
  checkHtml(begun);
  expect(begun).toContain('No epoch is finished yet, so there is no curve.');
  expect(begun).toContain('<b>0 of 4</b>');
  const one = await renderReport([exampleTraining({ history: exampleHistory().slice(0, 2) })]);
  checkHtml(one);
  expect(one).toContain('1, kept');
  // the only epoch has a point, since a line needs two
  const loss = one.split('aria-label="Mean training loss of each epoch."')[1].split('</svg>')[0];
  expect(loss).toMatch(/fill="var\(--training-0\)"/);
});

test('runs and trainings in one page', async () => {
  const page = await renderReport([exampleRun(), plain, exampleTraining({ name: 'example' })]);
  checkHtml(page);
  expect(page).toContain('<h1>Certified image retrieval</h1>');
  expect(page.match(/<figure>|<figure class="curves">/g)).toHaveLength(2);
  expect(page).toContain('<bdi>example (2)</bdi>');
  expect(page).toContain('from the rows of the run and the trainings.');
});

test('names, settings and notes cannot break out', async () => {
  const evil = `"'><script>alert(1)</script>&amp;\u0000</style>{{x}}`;
  const manifest = exampleTrainingManifest();
  Object.assign(manifest.configuration, {
    data: evil,
    validation: evil,
    backbone: evil,
    loss: { name: evil, options: { [evil]: 1 } },
    augment: { [evil]: { [evil]: [evil] } },
    [evil]: evil,
  });
  const environment = { ...manifest.environment, started: evil, cpu: evil, command: [evil], [evil]: evil };
  const training: LoadedTraining = exampleTraining({
    name: evil,
    manifest: { ...manifest, environment },
    notes: [evil],
  });
  const page = await renderReport([training, plain]);
  checkHtml(page);
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(page.match(/<\/style>/g)).toHaveLength(1);
});
