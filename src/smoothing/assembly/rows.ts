// Rows of embeddings: normalise, and add up in fixed point.

/** Sum of squares in f64: four partial sums, element i in sum i mod 4, added as (0 + 2) + (1 + 3). */
function sumOfSquares(src: usize, width: usize): f64 {
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  let i: usize = 0;
  for (; i + 4 <= width; i += 4) {
    const v = v128.load(src + i * 4);
    const low = f64x2.promote_low_f32x4(v);
    const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3));
    even = f64x2.add(even, f64x2.mul(low, low));
    odd = f64x2.add(odd, f64x2.mul(high, high));
  }
  let s0 = f64x2.extract_lane(even, 0);
  let s1 = f64x2.extract_lane(even, 1);
  let s2 = f64x2.extract_lane(odd, 0);
  if (i < width) {
    const x = <f64>load<f32>(src + i * 4);
    s0 += x * x;
  }
  if (i + 1 < width) {
    const x = <f64>load<f32>(src + i * 4, 4);
    s1 += x * x;
  }
  if (i + 2 < width) {
    const x = <f64>load<f32>(src + i * 4, 8);
    s2 += x * x;
  }
  return s0 + s2 + (s1 + f64x2.extract_lane(odd, 1));
}

/** Row by row src / |src| to dst; stops at the first faulty row and returns its index, else -1. */
export function normalizeRows(src: usize, rows: usize, width: usize, dst: usize): i32 {
  for (let row: usize = 0; row < rows; row++) {
    const norm = sqrt<f64>(sumOfSquares(src, width));
    // squares of finite f32 cannot overflow a f64
    if (!(norm < Infinity) || norm < 1e-12) return <i32>row;
    const inverse: f64 = 1.0 / norm;
    const v = f64x2.splat(inverse);
    let i: usize = 0;
    for (; i + 4 <= width; i += 4) {
      const x = v128.load(src + i * 4);
      const low = f64x2.mul(f64x2.promote_low_f32x4(x), v);
      const high = f64x2.mul(f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3)), v);
      v128.store(
        dst + i * 4,
        v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5),
      );
    }
    for (; i < width; i++) store<f32>(dst + i * 4, <f32>(<f64>load<f32>(src + i * 4) * inverse));
    src += width * 4;
    dst += width * 4;
  }
  return -1;
}

const UNIT: f64 = 8589934592.0; // 2^33
const MAGIC: f64 = 6755399441055744.0; // 1.5 * 2^52: adding it rounds to an integer, ties to even
const MAGIC_BITS: i64 = 0x4338000000000000;

/** acc[j] += round(2^33 src[row][j]) over all rows; -1, or the first row with a value outside [-1024, 1024], nothing added. */
export function addRowsFixedPoint(src: usize, rows: usize, width: usize, acc: usize): i32 {
  for (let row: usize = 0; row < rows; row++) {
    const at = src + row * width * 4;
    let good = i32x4.splat(-1);
    let i: usize = 0;
    for (; i + 4 <= width; i += 4)
      good = v128.and(good, f32x4.le(f32x4.abs(v128.load(at + i * 4)), f32x4.splat(1024)));
    if (!i32x4.all_true(good)) return <i32>row;
    for (; i < width; i++) if (!(abs<f32>(load<f32>(at + i * 4)) <= 1024)) return <i32>row;
  }
  const unit = f64x2.splat(UNIT);
  const magic = f64x2.splat(MAGIC);
  const bits = i64x2.splat(MAGIC_BITS);
  let j: usize = 0;
  for (; j + 4 <= width; j += 4) {
    let low = v128.load(acc + j * 8);
    let high = v128.load(acc + j * 8, 16);
    let at = src + j * 4;
    for (let row: usize = 0; row < rows; row++) {
      const x = v128.load(at);
      const a = f64x2.mul(f64x2.promote_low_f32x4(x), unit);
      const b = f64x2.mul(f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3)), unit);
      low = i64x2.add(low, i64x2.sub(f64x2.add(a, magic), bits));
      high = i64x2.add(high, i64x2.sub(f64x2.add(b, magic), bits));
      at += width * 4;
    }
    v128.store(acc + j * 8, low);
    v128.store(acc + j * 8, high, 16);
  }
  for (; j < width; j++) {
    let sum = load<i64>(acc + j * 8);
    let at = src + j * 4;
    for (let row: usize = 0; row < rows; row++) {
      sum += reinterpret<i64>(<f64>load<f32>(at) * UNIT + MAGIC) - MAGIC_BITS;
      at += width * 4;
    }
    store<i64>(acc + j * 8, sum);
  }
  return -1;
}
