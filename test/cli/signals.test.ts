/** A signal ends every command in seconds, whatever it is in the middle of. */
import { spawnSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { GraphBuilder, Value } from '../../src/onnx/index.ts';
import { Random } from '../helpers/random.ts';
import {
  PIXELS,
  start,
  succeed,
  temporary,
  writeDataset,
  writeEncoder,
  writeMatchingEncoder,
} from './support.ts';

/** Four seconds of patience, and what a busy machine adds. */
const MOST_SECONDS = 7;

const at = temporary();
let model: string;
let slow: string;

/** A body of which one image takes some minutes: convolutions over a large plane. */
function slowBody(g: GraphBuilder, flat: Value): Value {
  const random = new Random(5);
  const weights = Float32Array.from({ length: PIXELS * PIXELS * 9 }, () => 0.02 * random.normal());
  const filter = g.constant(weights, [PIXELS, PIXELS, 3, 3]);
  const plane = g.op('Reshape', [flat, g.constant(BigInt64Array.of(-1n, BigInt(PIXELS), 1n, 1n), [4])]);
  let y = g.op('Tile', [plane, g.constant(BigInt64Array.of(1n, 1n, 128n, 128n), [4])]);
  for (let layer = 0; layer < 400; layer++) y = g.op('Conv', [y, filter], { pads: [1, 1, 1, 1] });
  return g.op('Flatten', [g.op('GlobalAveragePool', [y])], { axis: 1 });
}

beforeAll(async () => {
  model = await writeMatchingEncoder(at('model.onnx'));
  slow = await writeEncoder(at('slow.onnx'), PIXELS, slowBody);
  await writeDataset(at('items'), { perClass: 4, seed: 3 });
  const common = ['--data', at('items'), '--model', model, '--sigma', '0.25', '--threads', '1'];
  await succeed('index', common, '--samples', '16', '--out', at('gallery'));
  await succeed('certify', common, '--gallery', at('gallery'), '--samples', '200', '--out', at('run'));
  spawnSync('mkfifo', [at('nobody-reads')]);
});

/** Starts a command, sends it a signal once it has been at work for `seconds`, and tells how it ended. */
async function stopped(args: string[], seconds: number, signal: NodeJS.Signals) {
  const { child, ended } = await start(args);
  await sleep(1000 * seconds);
  expect(child.exitCode).toBe(null); // it still works
  const asked = Date.now();
  child.kill(signal);
  const outcome = await ended;
  return { ...outcome, seconds: (Date.now() - asked) / 1e3 };
}

describe.skipIf(process.platform === 'win32')('a signal', () => {
  const data = (): string[] => ['--data', at('items')];
  const of = (path: string): string[] => ['--model', path, '--threads', '1', '--batch', '1'];
  const commands: Record<string, () => string[]> = {
    train: () => ['train', ...data(), '--backbone', slow, '--batch', '8', '--epochs', '1', '--out', at('a')],
    index: () => ['index', ...data(), ...of(slow), '--samples', '0', '--out', at('b')],
    query: () => ['query', at('items/ant/0.png'), ...of(slow), '--gallery', at('gallery')],
    certify: () => ['certify', ...data(), '--leave-one-out', ...of(slow), '--sigma', '0.2', '--out', at('c')],
    attack: () => ['attack', ...data(), '--leave-one-out', ...of(slow), '--radius', '1', '--out', at('d')],
    audit: () => ['audit', at('run'), ...of(slow), '--out', at('e')],
    study: () => ['study', '--preset', 'small', ...data(), '--model', `m=${slow}`, '--out', at('f')],
    report: () => ['report', at('run'), '--out', at('nobody-reads')],
  };

  test.concurrent.each(Object.entries(commands))(
    'ends %s in the middle of a long step',
    async (name, args) => {
      const signal = name.length % 2 === 0 ? 'SIGTERM' : 'SIGINT';
      const { code, signal: by, stderr, seconds } = await stopped(args(), 4, signal);
      expect(seconds).toBeLessThan(MOST_SECONDS);
      expect([code, by]).toEqual(code === null ? [null, 'SIGINT'] : [130, null]);
      expect(stderr).toContain('stopping; what is finished is kept');
    },
  );

  test('ends a certification of one picture with what is certified by then', async () => {
    const args = ['query', at('items/ant/0.png'), '--model', model, '--gallery', at('gallery'), '--json'];
    const limits = ['--certify=duel', '--samples', '100000000', '--time-budget', '100', '--threads', '1'];
    const { child, ended } = await start([...args, ...limits]);
    await new Promise<void>((resolve) => {
      child.stderr!.on('data', (text: string) => text.includes('up to') && resolve());
    });
    await sleep(1500); // some looks
    child.kill('SIGINT');
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    const { samples, stopped: by, methods } = JSON.parse(stdout) as Record<string, unknown>;
    expect(by).toBe('signal');
    expect(samples).toBeGreaterThan(15);
    expect(methods).toMatchObject({ duel: { label: expect.any(String) as string } });
  });

  test('ends it at once when it comes again', async () => {
    const { child, ended } = await start(commands.report());
    await sleep(3000);
    const asked = Date.now();
    child.kill('SIGTERM');
    await sleep(300);
    child.kill('SIGTERM');
    expect((await ended).signal).toBe('SIGINT');
    expect(Date.now() - asked).toBeLessThan(2500);
    expect((await stat(at('nobody-reads'))).isFIFO()).toBe(true);
  });
});

test('more threads than cores are cut, and that is said', async () => {
  const out = at('threads');
  const common = ['--data', at('items'), '--model', model, '--samples', '0', '--out', out];
  const { stderr } = await succeed('index', common, '--threads', '1000');
  const cores = availableParallelism();
  expect(stderr).toMatch(new RegExp(`warning: --threads 1000 .*${cores} core`));
  expect(stderr).toContain(`on ${cores} thread`);
  expect(await readFile(`${out}/gallery.json`, 'utf8')).toContain('"count": 16');
});
