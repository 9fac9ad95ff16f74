// Largest score under a bias, and largest weighted difference of scores.

/** The larger, the first where neither is (so NaN in x is passed over). */
@inline
function larger(a: f32, x: f32): f32 {
  return a < x ? x : a;
}

@inline
function largestLane(v: v128): f32 {
  const a = larger(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1));
  const b = larger(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3));
  return larger(a, b);
}

/** max_i scores[i] + bias[i]; -Infinity for none. */
export function maxBiased(scores: usize, bias: usize, count: usize): f32 {
  let m0 = f32x4.splat(-Infinity);
  let m1 = m0;
  let m2 = m0;
  let m3 = m0;
  let i: usize = 0;
  const bytes = count * 4;
  for (; i + 64 <= bytes; i += 64) {
    const a = scores + i;
    const b = bias + i;
    m0 = f32x4.pmax(m0, f32x4.add(v128.load(a), v128.load(b)));
    m1 = f32x4.pmax(m1, f32x4.add(v128.load(a, 16), v128.load(b, 16)));
    m2 = f32x4.pmax(m2, f32x4.add(v128.load(a, 32), v128.load(b, 32)));
    m3 = f32x4.pmax(m3, f32x4.add(v128.load(a, 48), v128.load(b, 48)));
  }
  let best = largestLane(f32x4.pmax(f32x4.pmax(m0, m1), f32x4.pmax(m2, m3)));
  for (; i < bytes; i += 4) best = larger(best, load<f32>(scores + i) + load<f32>(bias + i));
  // -0 becomes +0
  return best + 0;
}

/** One vector of scores[index[..]]. */
@inline
function gather(scores: usize, index: usize): v128 {
  let v = v128.load32_zero(scores + ((<usize>load<u32>(index)) << 2));
  v = v128.load_lane<f32>(scores + ((<usize>load<u32>(index, 4)) << 2), v, 1);
  v = v128.load_lane<f32>(scores + ((<usize>load<u32>(index, 8)) << 2), v, 2);
  return v128.load_lane<f32>(scores + ((<usize>load<u32>(index, 12)) << 2), v, 3);
}

/** max_m weight[m] (scores[index[m]] - scores[anchor[m]] + offset[m]); -Infinity for none. */
export function maxWeighted(
  scores: usize,
  index: usize,
  anchor: usize,
  weight: usize,
  offset: usize,
  count: usize,
): f32 {
  let m0 = f32x4.splat(-Infinity);
  let m1 = m0;
  let i: usize = 0;
  const bytes = count * 4;
  for (; i + 32 <= bytes; i += 32) {
    const d0 = f32x4.sub(gather(scores, index + i), gather(scores, anchor + i));
    const d1 = f32x4.sub(gather(scores, index + i + 16), gather(scores, anchor + i + 16));
    const t0 = f32x4.add(d0, v128.load(offset + i));
    const t1 = f32x4.add(d1, v128.load(offset + i, 16));
    m0 = f32x4.pmax(m0, f32x4.mul(v128.load(weight + i), t0));
    m1 = f32x4.pmax(m1, f32x4.mul(v128.load(weight + i, 16), t1));
  }
  let best = largestLane(f32x4.pmax(m0, m1));
  for (; i < bytes; i += 4) {
    const a = load<f32>(scores + ((<usize>load<u32>(index + i)) << 2));
    const b = load<f32>(scores + ((<usize>load<u32>(anchor + i)) << 2));
    best = larger(best, load<f32>(weight + i) * (a - b + load<f32>(offset + i)));
  }
  return best + 0;
}

/** max_m weight[m] (scores[m] - scores[anchor[m]] + offset[m]); -Infinity for none. NaN terms are passed over. */
export function maxWeightedAll(scores: usize, anchor: usize, weight: usize, offset: usize, count: usize): f32 {
  let m0 = f32x4.splat(-Infinity);
  let m1 = m0;
  let i: usize = 0;
  const bytes = count * 4;
  for (; i + 32 <= bytes; i += 32) {
    const d0 = f32x4.sub(v128.load(scores + i), gather(scores, anchor + i));
    const d1 = f32x4.sub(v128.load(scores + i, 16), gather(scores, anchor + i + 16));
    const t0 = f32x4.add(d0, v128.load(offset + i));
    const t1 = f32x4.add(d1, v128.load(offset + i, 16));
    m0 = f32x4.pmax(m0, f32x4.mul(v128.load(weight + i), t0));
    m1 = f32x4.pmax(m1, f32x4.mul(v128.load(weight + i, 16), t1));
  }
  let best = largestLane(f32x4.pmax(m0, m1));
  for (; i < bytes; i += 4) {
    const b = load<f32>(scores + ((<usize>load<u32>(anchor + i)) << 2));
    best = larger(best, load<f32>(weight + i) * (load<f32>(scores + i) - b + load<f32>(offset + i)));
  }
  return best + 0;
}

/** Whether of the sixteen sums x + y none is at least `level`. */
@inline
function noneOfSixteen(x: usize, y: usize, level: v128): bool {
  const a = f32x4.ge(f32x4.add(v128.load(x), v128.load(y)), level);
  const b = f32x4.ge(f32x4.add(v128.load(x, 16), v128.load(y, 16)), level);
  const c = f32x4.ge(f32x4.add(v128.load(x, 32), v128.load(y, 32)), level);
  const d = f32x4.ge(f32x4.add(v128.load(x, 48), v128.load(y, 48)), level);
  return !v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)));
}

/**
 * The label of all items with scores[i] + bias[i] >= level, -1 when there is none or when two of them differ in label;
 * `labels` are i32.
 */
export function labelAbove(scores: usize, bias: usize, labels: usize, count: usize, level: f32): i32 {
  const v = f32x4.splat(level);
  const bytes = count * 4;
  let label = -1;
  let i: usize = 0;
  while (i < bytes) {
    if (i + 64 <= bytes && noneOfSixteen(scores + i, bias + i, v)) {
      i += 64;
      continue;
    }
    const end = min(i + 64, bytes);
    for (; i < end; i += 4) {
      if (!(load<f32>(scores + i) + load<f32>(bias + i) >= level)) continue;
      const found = load<i32>(labels + i);
      if (label >= 0 && found != label) return -1;
      label = found;
    }
  }
  return label;
}

/** Writes to `out` (i32) the places i with scores[i] + bias[i] >= level, ascending, and returns how many. */
export function itemsAbove(scores: usize, bias: usize, count: usize, level: f32, out: usize): i32 {
  const v = f32x4.splat(level);
  const bytes = count * 4;
  let found = 0;
  let i: usize = 0;
  while (i < bytes) {
    if (i + 64 <= bytes && noneOfSixteen(scores + i, bias + i, v)) {
      i += 64;
      continue;
    }
    const end = min(i + 64, bytes);
    for (; i < end; i += 4) {
      if (!(load<f32>(scores + i) + load<f32>(bias + i) >= level)) continue;
      store<i32>(out + ((<usize>found) << 2), <i32>(i >> 2));
      found++;
    }
  }
  return found;
}
