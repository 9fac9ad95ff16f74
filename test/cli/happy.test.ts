import { expect, test } from 'vitest';
import { readRows, succeed, temporary, writeDataset, writeMatchingEncoder } from './support.ts';
const at = temporary();
test('x', async () => {
  const model = await writeMatchingEncoder(at('m.onnx'));
  await writeDataset(at('g'), { perClass: 5, seed: 1 });
  await writeDataset(at('q'), { perClass: 10, seed: 2 });
  console.time('index');
  console.log(await succeed('index', '--data', at('g'), '--model', model, '--sigma', '0.25', '--samples', '64', '--out', at('gal')));
  console.timeEnd('index');
  console.time('certify');
  console.log(await succeed('certify', '--data', at('q'), '--gallery', at('gal'), '--model', model, '--sigma', '0.25', '--samples', '4000', '--out', at('run')));
  console.timeEnd('certify');
  console.log(JSON.stringify((await readRows(at('run'))).slice(0, 2), null, 1));
  console.time('q');
  console.log(await succeed('query', '--certify', '--gallery', at('gal'), '--model', model, '--k', '2', '--', at('q/ant/0.png')));
  console.timeEnd('q');
  expect(1).toBe(1);
});
