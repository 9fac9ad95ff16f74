/** What each tool's file means, held against the steps that the tool's own documentation gives for evaluation. */
import { describe, expect, test } from 'vitest';
import { parsePreprocessing, PREPROCESSING_FILES } from './index.ts';

const MODEL = { channels: 3, height: 224, width: 224 };
const read = (file: string, content: unknown) =>
  PREPROCESSING_FILES.find(({ name }) => name === file)!.read(content);
const parsed = (file: string, content: unknown) => parsePreprocessing(read(file, content), MODEL);
const HALF = [0.5, 0.5, 0.5];

test('a processor_config.json has the image processor inside', () => {
  const image_processor = { size: { height: 224, width: 224 }, image_mean: HALF, image_std: HALF };
  expect(
    parsed('processor_config.json', { processor_class: 'CLIPProcessor', image_processor }),
  ).toMatchObject({
    resize: { kind: 'exact', height: 224, width: 224 },
    mean: HALF,
    std: HALF,
  });
  expect(read('processor_config.json', { processor_class: 'CLIPProcessor' })).toBeNull();
});

describe("timm's pretrained_cfg", () => {
  const cfg = { input_size: [3, 224, 224], interpolation: 'bicubic', mean: HALF, std: HALF };
  test.each([
    [0.875, 256],
    [0.9, 248],
    [1, 224],
    [undefined, 256],
  ])('crop_pct %s: the shorter edge to %i, then the centre', (crop_pct, edge) => {
    expect(parsed('config.json', { pretrained_cfg: { ...cfg, crop_pct } })).toMatchObject({
      resize: { kind: 'shortest_edge', edge },
      centerCrop: { height: 224, width: 224 },
      resample: 'bicubic',
    });
  });

  test('squash resizes both edges; border is refused; a config of the architecture alone says nothing', () => {
    expect(
      parsed('config.json', { pretrained_cfg: { ...cfg, crop_pct: 1, crop_mode: 'squash' } }),
    ).toMatchObject({
      resize: { kind: 'exact', height: 224, width: 224 },
    });
    expect(() => read('config.json', { pretrained_cfg: { ...cfg, crop_mode: 'border' } })).toThrow(
      /crop_mode/,
    );
    expect(read('config.json', { model_type: 'vit', hidden_size: 768, image_size: 224 })).toBeNull();
  });

  test('stands in a preprocessor_config.json too', () => {
    expect(
      read('preprocessor_config.json', {
        image_processor_type: 'TimmWrapperImageProcessor',
        pretrained_cfg: cfg,
      }),
    ).toMatchObject({ image_mean: HALF });
  });
});

describe("open_clip's preprocess_cfg", () => {
  test('the shorter edge and a crop by default, its own mean', () => {
    const content = { model_cfg: { vision_cfg: { image_size: 224 } }, preprocess_cfg: { mean: HALF } };
    expect(parsed('open_clip_config.json', content)).toMatchObject({
      resize: { kind: 'shortest_edge', edge: 224 },
      centerCrop: { height: 224, width: 224 },
      resample: 'bicubic',
      mean: HALF,
      std: [0.26862954, 0.26130258, 0.27577711],
    });
  });

  test('Immich stores it as a file of its own: squash, and longest refused', () => {
    const cfg = {
      size: [224, 224],
      mode: 'RGB',
      interpolation: 'bicubic',
      resize_mode: 'squash',
      mean: HALF,
      std: HALF,
    };
    expect(parsed('preprocess_cfg.json', cfg)).toMatchObject({
      resize: { kind: 'exact', height: 224, width: 224 },
      centerCrop: null,
    });
    expect(() => read('preprocess_cfg.json', { ...cfg, resize_mode: 'longest' })).toThrow(/resize_mode/);
  });
});

describe('values', () => {
  const config = { size: { height: 224, width: 224 }, image_mean: HALF, image_std: HALF };
  test.each([
    ['bicubic', 'bicubic'],
    ['BILINEAR', 'bilinear'],
    ['InterpolationMode.BICUBIC', 'bicubic'],
    ['PIL.Image.Resampling.LANCZOS', 'lanczos'],
    ['nearest-exact', 'nearest'],
    [3, 'bicubic'],
  ])('resample %s is %s', (resample, filter) => {
    expect(parsePreprocessing({ ...config, resample }, MODEL).resample).toBe(filter);
  });

  test('an unknown filter is refused with those there are', () => {
    expect(() => parsePreprocessing({ ...config, resample: 'sharp' }, MODEL)).toThrow(
      /lanczos.*sharp|sharp.*lanczos/s,
    );
  });

  test.each([
    { image_std: [1e21, 1, 1] },
    { image_std: [1e-30, 1, 1] },
    { image_std: [0, 1, 1] },
    { image_std: [-0.5, 1, 1] },
    { image_mean: [1e9, 0, 0] },
    { rescale_factor: 1e-30 },
  ])('%j is refused', (wrong) => {
    expect(() => parsePreprocessing({ ...config, ...wrong }, MODEL)).toThrow(/PREPROCESSING_INVALID/);
  });
});
