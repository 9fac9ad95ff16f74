import type { InferenceSession } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { choosePooling, inspectModel } from './inspect.ts';

type Metadata = InferenceSession.TensorValueMetadata;
const tensor = (name: string, shape: (number | string)[], type: Metadata['type'] = 'float32'): Metadata => ({
  name,
  isTensor: true,
  type,
  shape,
});
const IMAGE = tensor('pixel_values', ['batch', 3, 'height', 224]);
const EMBEDDING = tensor('y', ['batch', 128]);
const inspect = (inputs: Metadata[], outputs: Metadata[], flags = {}) =>
  inspectModel({ inputMetadata: inputs, outputMetadata: outputs }, flags);

describe('the input', () => {
  test('a single image', () => {
    const { input, output } = inspect([IMAGE], [EMBEDDING]);
    expect(input).toEqual({
      name: 'pixel_values',
      type: 'float32',
      batch: null,
      channels: 3,
      height: null,
      width: 224,
      others: [],
    });
    expect(output).toEqual({ name: 'y', type: 'float32', rank: 2 });
  });

  test('one of several, by name; the others get zeros', () => {
    const ids = tensor('ids', ['batch', 'sequence', 7], 'int64');
    expect(() => inspect([ids, IMAGE], [EMBEDDING])).toThrow(
      /MODEL_UNSUPPORTED.*'ids' int64 \[batch, sequence, 7\], 'pixel_values' float32 \[batch, 3, height, 224\]/,
    );
    const { input } = inspect([ids, IMAGE], [EMBEDDING], { input: 'pixel_values' });
    expect(input.others).toEqual([{ name: 'ids', type: 'int64', shape: ['batch', 1, 7] }]);
    expect(() => inspect([ids, IMAGE], [EMBEDDING], { input: 'ids' })).toThrow(/an image input/);
    expect(() => inspect([IMAGE], [EMBEDDING], { input: 'x' })).toThrow(/called 'x'/);
    const text = tensor('text', [1], 'string');
    expect(() => inspect([text, IMAGE], [EMBEDDING], { input: 'pixel_values' })).toThrow(/'text' string/);
  });

  test('refuses other ranks, types and layouts', () => {
    expect(() => inspect([tensor('x', ['', 784])], [EMBEDDING])).toThrow(/'x' float32 \[\?, 784\]/);
    expect(() => inspect([tensor('x', [1, 3, 8, 8], 'uint8')], [EMBEDDING])).toThrow(/uint8/);
    expect(() => inspect([tensor('x', [1, 224, 224, 3])], [EMBEDDING])).toThrow(/channels first/);
    expect(() => inspect([tensor('x', [1, 4, 8, 8])], [EMBEDDING])).toThrow(/1 or 3 channels/);
    expect(() => inspect([], [EMBEDDING])).toThrow(/got none/);
  });
});

describe('the output', () => {
  const tokens = tensor('last_hidden_state', ['batch', 50, 768]);
  const pooler = tensor('pooler_output', ['batch', 768]);

  test('named, single usable, or conventional', () => {
    expect(inspect([IMAGE], [tokens, pooler]).output.name).toBe('pooler_output');
    expect(inspect([IMAGE], [tokens, pooler], { output: 'last_hidden_state' }).output.rank).toBe(3);
    expect(inspect([IMAGE], [tensor('labels', [1], 'int64'), EMBEDDING]).output.name).toBe('y');
    expect(inspect([IMAGE], [tensor('open', [])]).output.rank).toBeNull();
  });

  test('asks when it cannot know', () => {
    const another = tensor('z', ['batch', 64]);
    expect(() => inspect([IMAGE], [EMBEDDING, another])).toThrow(/'y' .* 'z' .*Name the one to use/);
    expect(() => inspect([IMAGE], [EMBEDDING], { output: 'q' })).toThrow(/called 'q'/);
    expect(() => inspect([IMAGE], [tensor('labels', [1], 'int64')])).toThrow(/'labels' int64 \[1\]/);
  });
});

test('pooling', () => {
  expect(choosePooling('y', [1, 8], {})).toBe('none');
  expect(choosePooling('y', [1, 8, 2, 2], {})).toBe('spatial');
  expect(choosePooling('y', [1, 8, 2, 2], { pooling: 'mean' })).toBe('spatial');
  expect(choosePooling('y', [1, 5, 8], { pooling: 'cls' })).toBe('cls');
  expect(() => choosePooling('y', [1, 5, 8], {})).toThrow(/'cls' takes the first token/);
  expect(() => choosePooling('y', [1, 8], { pooling: 'cls' })).toThrow(/Leave the pooling out/);
  expect(() => choosePooling('y', [1, 8, 2, 2], { pooling: 'cls' })).toThrow(/Leave the pooling out/);
  expect(() => choosePooling('y', [1], {})).toThrow(/an embedding output/);
});
