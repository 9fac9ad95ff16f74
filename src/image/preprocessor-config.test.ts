import { describe, expect, it } from 'vitest';
import { parsePreprocessing } from './preprocessor-config.ts';

const RGB = { channels: 3 };
const HALF = { image_mean: 0.5, image_std: [0.5] };
const parse = (config: Record<string, unknown>, input = RGB) =>
  parsePreprocessing({ ...HALF, ...config }, input);

describe('parsePreprocessing: geometry', () => {
  it('reads a whole file of the MobileNet kind', () => {
    const config = {
      do_resize: true,
      size: { shortest_edge: 256 },
      resample: 3,
      do_center_crop: true,
      crop_size: { height: 224, width: 224 },
      do_rescale: true,
      rescale_factor: 0.00392156862745098,
      do_normalize: true,
      image_mean: [0.485, 0.456, 0.406],
      image_std: [0.229, 0.224, 0.225],
      image_processor_type: 'MobileNetV1ImageProcessor',
    };
    expect(parsePreprocessing(config, { channels: 3, height: 224, width: null })).toEqual({
      channels: 3,
      height: 224,
      width: 224,
      resize: { kind: 'shortest_edge', edge: 256 },
      resample: 'bicubic',
      centerCrop: { height: 224, width: 224 },
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
  });

  const square = (side: number) => ({ kind: 'exact', height: side, width: side });
  const shortest = (edge: number) => ({ kind: 'shortest_edge', edge });
  it.each([
    ['a number is a square', { size: 64 }, square(64), null],
    ['a number with a crop is an edge', { size: 64, crop_size: 56 }, shortest(64), 56],
    ['default_to_square decides', { size: 64, crop_size: 56, default_to_square: true }, square(64), 56],
    [
      'so does the class: CLIP',
      { size: 64, crop_size: 56, feature_extractor_type: 'CLIPFeatureExtractor' },
      shortest(64),
      56,
    ],
    [
      'so does the class: DeiT',
      { size: 64, crop_size: 56, feature_extractor_type: 'DeiTFeatureExtractor' },
      square(64),
      56,
    ],
    ['a crop switched off', { size: 64, crop_size: 56, do_center_crop: false }, square(64), null],
    ['null is off', { size: 64, crop_size: 56, do_center_crop: null }, square(64), null],
    [
      'longest_edge',
      { size: { shortest_edge: 64, longest_edge: 96 }, crop_size: 56 },
      { ...shortest(64), max: 96 },
      56,
    ],
    ['no resize', { size: 64, do_resize: false, crop_size: 56 }, null, 56],
    ['ConvNeXT under 384', { size: { shortest_edge: 224 }, crop_pct: 0.875 }, shortest(256), 224],
    ['ConvNeXT by class', { size: 224, image_processor_type: 'ConvNextImageProcessor' }, shortest(256), 224],
    ['ConvNeXT from 384', { size: { shortest_edge: 384 }, crop_pct: 1 }, square(384), null],
    [
      'LeViT',
      { size: { shortest_edge: 224 }, crop_size: 224, image_processor_type: 'LevitImageProcessor' },
      shortest(256),
      224,
    ],
    [
      'PoolFormer',
      { size: 224, crop_pct: 0.95, crop_size: 224, image_processor_type: 'PoolFormerImageProcessor' },
      shortest(235),
      224,
    ],
  ])('%s', (_title, config, resize, crop) => {
    const parsed = parse(config);
    expect(parsed.resize).toEqual(resize);
    expect(parsed.centerCrop).toEqual(crop === null ? null : { height: crop, width: crop });
  });

  it('knows every PIL code, and the classes that are bicubic by default', () => {
    const names = [0, 1, 2, 3, 4, 5].map((resample) => parse({ size: 8, resample }).resample);
    expect(names).toEqual(['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming']);
    expect(parse({ size: 8 }).resample).toBe('bilinear');
    expect(parse({ size: 8, image_processor_type: 'SiglipImageProcessor' }).resample).toBe('bicubic');
  });

  it('takes the size of the model where the file has none', () => {
    const input = { channels: 3, height: 30, width: 20 };
    expect(parse({ do_resize: false }, input)).toMatchObject({ height: 30, width: 20, resize: null });
    expect(parse({ size: { shortest_edge: 40 }, do_center_crop: true }, input).centerCrop).toEqual({
      height: 30,
      width: 20,
    });
  });

  it('overlooks what changes no pixel', () => {
    const inert = {
      processor_class: 'X',
      _valid_processor_keys: ['a'],
      do_pad: false,
      pad_size: null,
      crop_pct: null,
    };
    expect(parse({ size: 8, ...inert })).toEqual(parse({ size: 8 }));
  });
});

describe('parsePreprocessing: scale', () => {
  const scale = (config: Record<string, unknown>) => {
    const { mean, std } = parsePreprocessing({ size: 8, ...config }, { channels: 1 });
    return { mean: mean[0], std: std[0] };
  };
  it.each([
    ['as usual', { image_mean: 0.4, image_std: 0.2 }, 0.4, 0.2],
    ['no normalisation', { do_normalize: false }, 0, 1],
    ['0..255', { do_rescale: false, do_normalize: false }, 0, 1 / 255],
    ['0..255, normalised', { do_rescale: false, image_mean: 127.5, image_std: 127.5 }, 0.5, 0.5],
    ['0..2, centred', { rescale_factor: 1 / 127.5, image_mean: 1, image_std: 1 }, 0.5, 0.5],
  ])('%s', (_title, config, mean, std) => {
    expect(scale(config).mean).toBeCloseTo(mean, 14);
    expect(scale(config).std).toBeCloseTo(std, 14);
  });
});

describe('parsePreprocessing refuses', () => {
  it.each([
    ['no object', 'text', RGB, /one object/],
    ['no size', HALF, RGB, /'size'/],
    ['a size of another form', { ...HALF, size: { longest_edge: 9 } }, RGB, /'size'.*longest_edge/],
    ['a size of 0', { ...HALF, size: 0 }, RGB, /'size'/],
    ['a resample code that PIL has not', { ...HALF, size: 8, resample: 6 }, RGB, /'resample'/],
    ['no one size', { ...HALF, size: { shortest_edge: 9 } }, RGB, /one size for every picture/],
    [
      'max below edge',
      { ...HALF, size: { shortest_edge: 9, longest_edge: 9 }, crop_size: 9 },
      RGB,
      /longest_edge/,
    ],
    ['no size anywhere', { ...HALF, do_resize: false }, RGB, /do_resize false/],
    ['a crop of no size', { ...HALF, size: 9, do_center_crop: true }, RGB, /crop_size/],
    ['padding', { ...HALF, size: 8, do_pad: true }, RGB, /'do_pad': true/],
    ['thumbnails', { ...HALF, size: 8, do_thumbnail: true }, RGB, /'do_thumbnail': true/],
    ['BGR', { ...HALF, size: 8, do_flip_channel_order: true }, RGB, /'do_flip_channel_order': true/],
    ['unknown numbers', { ...HALF, size: 8, size_divisor: 32 }, RGB, /'size_divisor': 32/],
    [
      'classes with other steps',
      { ...HALF, size: 8, image_processor_type: 'PerceiverImageProcessor' },
      RGB,
      /Perceiver/,
    ],
    [
      'crop_pct elsewhere',
      { ...HALF, size: 8, crop_pct: 0.9, image_processor_type: 'ViTImageProcessor' },
      RGB,
      /crop_pct 0.9 with ViT/,
    ],
    [
      'two crops',
      { ...HALF, size: 8, crop_size: 8, image_processor_type: 'ConvNextImageProcessor' },
      RGB,
      /one center crop/,
    ],
    ['no mean', { size: 8, image_std: 1 }, RGB, /image_mean null, image_std 1/],
    ['two means', { size: 8, image_mean: [0, 0], image_std: 1 }, RGB, /image_mean with 1 or 3 values/],
    [
      'three means for one channel',
      { size: 8, image_mean: [0, 0, 0], image_std: 1 },
      { channels: 1 },
      /1 channel\(s\)/,
    ],
    ['std 0', { size: 8, image_mean: 0, image_std: 0 }, RGB, /positive numbers/],
    ['RGB for a grey model', { ...HALF, size: 8, do_convert_rgb: true }, { channels: 1 }, /do_convert_rgb/],
    ['another model', { ...HALF, size: 8 }, { channels: 3, height: 9, width: 9 }, /9×9.*8×8/],
    ['another model, one side known', { ...HALF, size: 8 }, { channels: 3, width: 9 }, /any×9.*8×8/],
    ['four channels', { ...HALF, size: 8 }, { channels: 4 }, /4 channels/],
  ])('%s', (_title, config, input, message) => {
    expect(() => parsePreprocessing(config, input)).toThrow(message);
    expect(() => parsePreprocessing(config, input)).toThrow(/^PREPROCESSING_INVALID/);
  });
});
