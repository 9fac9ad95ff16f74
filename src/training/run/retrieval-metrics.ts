/** How well embeddings retrieve: Recall@k and MAP@R, each item against all others. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import * as z from 'zod';
import { GraphBuilder } from '../../onnx/index.ts';

const share = z.number().min(0).max(1);

/** {@link RetrievalMetrics} as a line of metrics.jsonl has them. */
export const retrievalMetricsSchema = z.object({
  recallAt1: share,
  recallAt2: share,
  recallAt4: share,
  recallAt8: share,
  /** Mean average precision at R, R the number of other items of the query's class (Musgrave et al. 2020). */
  mapAtR: share,
  /** Mean cosine between two different items. Near 1, the embeddings have collapsed: all pictures look alike. */
  meanCosine: z.number(),
});

/** Retrieval scores, each a share in [0,1]. */
export interface RetrievalMetrics extends z.infer<typeof retrievalMetricsSchema> {}

/** Rows whose neighbours are found in one run. */
const CHUNK = 256;

/**
 * Leave-one-out retrieval among `embeddings`: each row is a query against all other rows, by ℓ2 distance (rows are unit
 * vectors, so by cosine). Rows whose class has no other row count as misses in Recall@k and are left out of MAP@R.
 *
 * @param embeddings - [count × dimension], unit rows
 * @param labels - [count]
 */
export async function retrievalMetrics(
  embeddings: Float32Array,
  labels: Int32Array,
  dimension: number,
): Promise<RetrievalMetrics> {
  const count = labels.length;
  const classSize = new Map<number, number>();
  for (const label of labels) classSize.set(label, (classSize.get(label) ?? 0) + 1);
  const most = Math.max(...classSize.values()) - 1;
  const k = Math.min(count, Math.max(8, most) + 1);

  const hits = { 1: 0, 2: 0, 4: 0, 8: 0 };
  let precision = 0;
  let ranked = 0;
  const session = await topKSession(count, dimension, k);
  try {
    const gallery = new Tensor('float32', transposed(embeddings, count, dimension), [dimension, count]);
    for (let start = 0; start < count; start += CHUNK) {
      const rows = Math.min(CHUNK, count - start);
      const query = embeddings.subarray(start * dimension, (start + rows) * dimension);
      const { nearest } = await session.run({
        query: new Tensor('float32', query, [rows, dimension]),
        gallery,
      });
      const indices = nearest.data as BigInt64Array;
      for (let row = 0; row < rows; row++) {
        const self = start + row;
        const others: number[] = [];
        for (let i = 0; i < k; i++) {
          const item = Number(indices[row * k + i]);
          if (item !== self) others.push(labels[item]);
        }
        const first = others.indexOf(labels[self]);
        for (const at of [1, 2, 4, 8] as const) if (first >= 0 && first < at) hits[at]++;
        const relevant = classSize.get(labels[self])! - 1;
        if (relevant === 0) continue;
        ranked++;
        precision += averagePrecision(others, labels[self], relevant);
      }
    }
  } finally {
    await session.release();
  }
  return {
    recallAt1: hits[1] / count,
    recallAt2: hits[2] / count,
    recallAt4: hits[4] / count,
    recallAt8: hits[8] / count,
    mapAtR: ranked > 0 ? precision / ranked : 0,
    meanCosine: meanCosine(embeddings, count, dimension),
  };
}

/** Σ precision at each relevant rank up to R, over R. */
function averagePrecision(labels: readonly number[], label: number, relevant: number): number {
  let found = 0;
  let sum = 0;
  for (let rank = 0; rank < Math.min(relevant, labels.length); rank++) {
    if (labels[rank] !== label) continue;
    found++;
    sum += found / (rank + 1);
  }
  return sum / relevant;
}

/** From ‖Σ e‖² = Σ_i Σ_j ⟨e_i, e_j⟩, less the diagonal. */
function meanCosine(embeddings: Float32Array, count: number, dimension: number): number {
  if (count < 2) return 0;
  const sum = new Float64Array(dimension);
  let diagonal = 0;
  for (const [i, value] of embeddings.entries()) {
    sum[i % dimension] += value;
    diagonal += value * value;
  }
  const square = sum.reduce((total, value) => total + value * value, 0);
  return (square - diagonal) / (count * (count - 1));
}

async function topKSession(count: number, dimension: number, k: number): Promise<InferenceSession> {
  const g = new GraphBuilder({ name: 'nearest' });
  const query = g.input('query', 'float32', ['rows', dimension]);
  const gallery = g.input('gallery', 'float32', [dimension, count]);
  const [, indices] = g.ops('TopK', [g.op('MatMul', [query, gallery]), g.int64([k])], {}, { outputs: 2 });
  g.output('nearest', indices, 'int64', ['rows', k]);
  return InferenceSession.create(g.toBytes(), { logSeverityLevel: 4 });
}

function transposed(rows: Float32Array, count: number, dimension: number): Float32Array {
  const columns = new Float32Array(rows.length);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < dimension; j++) columns[j * count + i] = rows[i * dimension + j];
  }
  return columns;
}
