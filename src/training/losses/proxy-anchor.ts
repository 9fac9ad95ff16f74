/**
 * Proxy-anchor loss. Every class of the training set has a learnt proxy p, the anchor; with cosines s, the classes P⁺
 * that occur in the batch out of all classes P, and the batch's images X_p⁺ of p's class and X_p⁻ of others,
 *
 *     (1/|P⁺|) Σ_{p ∈ P⁺} log(1 + Σ_{x ∈ X_p⁺} exp(−α (s(x, p) − δ)))
 *   + (1/|P|)  Σ_{p ∈ P}  log(1 + Σ_{x ∈ X_p⁻} exp( α (s(x, p) + δ))).
 *
 * Source: Kim, Kim, Cho, Kwak, "Proxy anchor loss for deep metric learning", CVPR 2020.
 */
import { gaussianSample, noiseKey } from '../../noise/index.ts';
import type { GraphBuilder, Value } from '../../onnx/index.ts';
import { any, atLeast, countActive, log1pSumExp, mean, reduce, share, sum } from './arithmetic.ts';
import type { EmbeddingBatch } from './batch.ts';
import { defineLoss } from './define-loss.ts';
import type { LossParameter } from './types.ts';

/**
 * The proxy-anchor loss: see the top of this file. A batch without triplets is nothing special to it, since the anchors
 * are proxies. The proxies start as uniform directions; only their directions matter.
 */
export const proxyAnchor = defineLoss({
  name: 'proxy-anchor',
  summary: 'proxy-anchor loss with one learnt proxy per class (Kim et al. 2020)',
  settings: {
    alpha: { default: 32, min: 1e-3, max: 1e4, summary: 'scale of similarities' },
    delta: { default: 0.1, min: 0, max: 1, summary: 'margin, a similarity' },
    proxyLearningRate: { default: 1e-2, min: 0, max: 10, summary: 'learning rate of the proxies' },
    seed: {
      default: 0,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      integer: true,
      summary: 'seed of the initial proxies',
    },
  },
  miner: 'none',
  pairs: false,
  build(batch, { alpha, delta, proxyLearningRate, seed }) {
    const { g, classes } = batch;
    const parameter: LossParameter = {
      name: 'loss.proxies',
      shape: [classes, batch.dimension],
      data: initialProxies(classes, batch.dimension, seed),
      learningRate: proxyLearningRate,
    };
    const proxies = unitRows(g, g.input(parameter.name, 'float32', parameter.shape));
    const transposed = g.op('Transpose', [batch.embeddings], { perm: [1, 0] });
    const similarity = g.op('MatMul', [proxies, transposed]); // [classes, B]
    const own = ownImages(batch);
    const others = g.op('Not', [own]);
    const scaled = (shift: number, scale: number) =>
      g.op('Mul', [g.op('Add', [similarity, g.float32(shift)]), g.float32(scale)]);
    const pulls = log1pSumExp(g, scaled(-delta, -alpha), own, classes);
    const pushes = log1pSumExp(g, scaled(delta, alpha), others, classes);
    const present = reduce(g, 'ReduceSum', any(g, own, 1), [0], false);
    const pull = g.op('Div', [sum(g, pulls), atLeast(g, present, 1)]);
    const active = share(g, countActive(g, [pulls, pushes]), g.op('Add', [present, g.float32(classes)]));
    return { loss: g.op('Add', [pull, mean(g, pushes)]), active, parameters: [parameter] };
  },
});

/** Standard normal values: their directions are uniform. */
function initialProxies(classes: number, dimension: number, seed: number): Float32Array {
  const key = noiseKey({ seed, query: 'loss.proxies', phase: 'weights' });
  const data = new Float32Array(classes * dimension);
  for (let row = 0; row < classes; row++) data.set(gaussianSample(key, row, dimension), row * dimension);
  return data;
}

/** x / ‖x‖ for each row. */
function unitRows(g: GraphBuilder, x: Value): Value {
  const squares = reduce(g, 'ReduceSum', g.op('Mul', [x, x]), [1]);
  return g.op('Div', [x, g.op('Sqrt', [atLeast(g, squares, 1e-12)])]);
}

/** Which images of the batch are of which class, bool [classes, B]. */
function ownImages(batch: EmbeddingBatch): Value {
  const { g, classes, size } = batch;
  const numbers = g.constant(BigInt64Array.from(Array(classes).keys(), BigInt), [classes, 1]);
  return g.op('Equal', [numbers, g.op('Reshape', [batch.labels, g.int64([1, size])])]);
}
