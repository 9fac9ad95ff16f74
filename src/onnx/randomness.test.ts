import { describe, expect, test } from 'vitest';
import { float, GraphBuilder, int, randomNodes, type Value } from './index.ts';

type Build = (g: GraphBuilder, x: Value) => Value;

function found(build: Build, opset = 17): string[] {
  const g = new GraphBuilder({ opset });
  g.output('y', build(g, g.input('x', 'float32', [2, 3])), 'float32');
  return randomNodes(g.toModel()).map((text) => text.split(' ')[0]);
}

describe('nodes whose output is drawn anew', () => {
  test.each<[string, Build, string[]]>([
    ['none', (g, x) => g.op('Relu', [x]), []],
    ['noise like the image', (g, x) => g.op('Add', [x, g.op('RandomNormalLike', [x])]), ['RandomNormalLike']],
    [
      'a generator with a seed',
      (g, x) => g.op('Add', [x, g.op('RandomUniform', [], { shape: [3], seed: float(1) })]),
      ['RandomUniform'],
    ],
    ['a coin', (g, x) => g.op('Bernoulli', [x]), ['Bernoulli']],
    [
      'one that no output depends on',
      (g, x) => {
        g.op('RandomNormal', [], { shape: [3] });
        return g.op('Relu', [x]);
      },
      [],
    ],
  ])('%s', (_, build, expected) => {
    expect(found(build)).toEqual(expected);
  });

  const dropout = (ratio: number | null, training: boolean | 'fed') => (g: GraphBuilder, x: Value) => {
    const mode =
      training === 'fed'
        ? g.input('mode', 'bool', [])
        : g.constant(Uint8Array.of(Number(training)), [], { type: 'bool' });
    return g.op('Dropout', [x, ratio === null ? null : g.float32(ratio), mode]);
  };
  test.each<[string, number | null, boolean | 'fed', boolean]>([
    ['in inference', 0.5, false, false],
    ['of ratio 0', 0, true, false],
    ['in training', 0.1, true, true],
    ['of the ratio of its default', null, true, true],
    ['whose mode is fed', 0.1, 'fed', true],
  ])('dropout %s', (_, ratio, training, random) => {
    expect(found(dropout(ratio, training))).toEqual(random ? ['Dropout'] : []);
  });

  test('dropout without a mode is inference; before version 7 it says so', () => {
    expect(found((g, x) => g.op('Dropout', [x], { ratio: float(0.5) }), 11)).toEqual([]);
    expect(found((g, x) => g.op('Dropout', [x], { is_test: int(0) }), 6)).toEqual(['Dropout']);
    expect(found((g, x) => g.op('Dropout', [x], { is_test: int(1) }), 6)).toEqual([]);
  });
});
