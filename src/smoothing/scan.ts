/** What noisy embeddings are compared with, as the sampling threads take it. */
import { addCount, type GalleryView, type QueryPlan, vectorAt } from '../certify/index.ts';
import type { SelectionSamples } from '../plan/index.ts';
import { squaredDistanceTo } from './outside.ts';
import type { ScannedStatistic, ScanSet } from './protocol.ts';
import type { SharedGallery } from './shared-gallery.ts';

/** The scan set of the whole gallery, or of some of its items. */
export function scanSet(gallery: GalleryView, items: Int32Array | null, labelCount: number): ScanSet {
  const count = items ? items.length : gallery.count;
  const { dimension } = gallery;
  const columns = new Float32Array(dimension * count);
  const bias = new Float32Array(count);
  const labels = new Int32Array(count);
  for (let column = 0; column < count; column++) {
    const item = items ? items[column] : column;
    const vector = vectorAt(gallery, item);
    let square = 0;
    for (let i = 0; i < dimension; i++) {
      columns[i * count + column] = vector[i];
      square += vector[i] * vector[i];
    }
    bias[column] = -square / 2;
    labels[column] = gallery.labelIndex[item];
  }
  return { columns, count, bias, labels, labelCount };
}

/** The plan of a query in terms of positions in its scan set, with nothing that the sampling does not need. */
export function scannedQuery(gallery: GalleryView, plan: QueryPlan, labelCount: number) {
  const { scanned } = plan;
  const position = scanned ? new Map([...scanned.items].map((item, at) => [item, at])) : null;
  const place = (item: number): number => (position ? position.get(item)! : item);
  const statistics: ScannedStatistic[] = plan.statistics.map(
    ({ kind, members, anchors, weights, offsets, outside, origin, width, bins }) => ({
      kind,
      members: members.map(place),
      anchors: anchors.map(place),
      weights,
      offsets,
      outside,
      origin,
      width,
      bins,
    }),
  );
  return {
    exclude: scanned ? null : plan.exclude,
    duel: plan.vote.label,
    statistics,
    ...(scanned && { scan: scanSet(gallery, scanned.items, labelCount) }),
  };
}

/** Counts the votes of selection samples among some items: a choice, which need not be exact. */
export function countVotes(
  gallery: SharedGallery,
  items: readonly number[],
  { embeddings, count, votes }: SelectionSamples,
): void {
  const { dimension, labels } = gallery;
  for (let sample = 0; sample < count; sample++) {
    const h = embeddings.subarray(sample * dimension, (sample + 1) * dimension);
    let [nearest, label] = [Infinity, 0];
    for (const item of items) {
      const square = squaredDistanceTo(gallery, item, h);
      if (square < nearest) [nearest, label] = [square, labels[item]];
    }
    addCount(votes, label);
  }
}
