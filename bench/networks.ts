/** The networks of the benchmark. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CACHE, ROOT } from './build.ts';
import { resnet50 } from './resnet50.ts';

export interface Network {
  name: string;
  /** In torch_loop.py. */
  architecture: string;
  /** Model folder. */
  path: string;
  /** Items of the gallery. */
  items: number;
  /** Ratios to reach: engine to plain inference, the same with noise shared by 8 queries. */
  target: { one: number; shared: number };
  /** Samples that a round has at least. */
  large: boolean;
}

/** Where the MobileNets lie; they are not part of the repository. */
const MODELS = process.env.RETRIEVALGUARD_MODELS ?? resolve(ROOT, '../shared/models');

/** All networks at hand; says which are not. */
export function networks(): Network[] {
  const all: (Omit<Network, 'path'> & { path: () => string })[] = [
    {
      name: 'small, 28 × 28',
      architecture: 'conv4',
      path: () => join(ROOT, 'bench/models/omniglot-conv4'),
      items: 1634,
      target: { one: 0.95, shared: 0.95 },
      large: false,
    },
    {
      name: 'MobileNet 0.25, 224',
      architecture: 'mobilenet-0.25',
      path: () => join(MODELS, 'mobilenet_v1_0.25_224'),
      items: 2640,
      target: { one: 0.84, shared: 0.94 },
      large: false,
    },
    {
      name: 'MobileNet 1.0, 224',
      architecture: 'mobilenet-1.0',
      path: () => join(MODELS, 'mobilenet_v1_1.0_224'),
      items: 2640,
      target: { one: 0.97, shared: 0.97 },
      large: false,
    },
    {
      name: 'ResNet-50, 224',
      architecture: 'resnet50',
      path: () => resnet50(join(CACHE, 'resnet50')),
      items: 2640,
      target: { one: 0.97, shared: 0.97 },
      large: true,
    },
  ];
  return all.flatMap(({ path, ...network }) => {
    const folder = path();
    if (existsSync(join(folder, 'model.onnx'))) return [{ ...network, path: folder }];
    console.error(`${network.name}: no model in ${folder}; set RETRIEVALGUARD_MODELS. Left out.`);
    return [];
  });
}
