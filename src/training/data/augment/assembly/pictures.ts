// Pictures: bytes to normalised channel planes, as they are or resized, and affine maps of planes.

/** out[c][y][x] = table[c][src[y][x][c]] of a picture of interleaved bytes; `mirror` reverses each row. */
export function planes(
  src: usize,
  height: usize,
  width: usize,
  channels: usize,
  table: usize,
  mirror: bool,
  out: usize,
): void {
  const plane = height * width * 4;
  const step: isize = mirror ? -4 : 4;
  for (let y: usize = 0; y < height; y++) {
    let to = out + (y * width + (mirror ? width - 1 : 0)) * 4;
    if (channels === 3) {
      for (let x: usize = 0; x < width; x++, src += 3, to += step) {
        store<f32>(to, load<f32>(table + (<usize>load<u8>(src) << 2)));
        store<f32>(to + plane, load<f32>(table + (<usize>load<u8>(src, 1) << 2), 1024));
        store<f32>(to + 2 * plane, load<f32>(table + (<usize>load<u8>(src, 2) << 2), 2048));
      }
    } else {
      for (let x: usize = 0; x < width; x++, src++, to += step)
        store<f32>(to, load<f32>(table + (<usize>load<u8>(src) << 2)));
    }
  }
}

/** 16 values to `out`: the sums over `count` rows of weight times byte, `stride` bytes from row to row. */
@inline
function sumRows(row: usize, stride: usize, weight: usize, count: i32, out: usize): void {
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (; count > 0; count--, row += stride, weight += 4) {
    const w = v128.load32_splat(weight);
    const bytes = v128.load(row);
    const low = i16x8.extend_low_i8x16_u(bytes);
    const high = i16x8.extend_high_i8x16_u(bytes);
    a = f32x4.add(a, f32x4.mul(w, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(low))));
    b = f32x4.add(b, f32x4.mul(w, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(low))));
    c = f32x4.add(c, f32x4.mul(w, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(high))));
    d = f32x4.add(d, f32x4.mul(w, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(high))));
  }
  v128.store(out, a);
  v128.store(out, b, 16);
  v128.store(out, c, 32);
  v128.store(out, d, 48);
}

/**
 * Separable resampling of a rectangle of interleaved bytes to planes: first down the columns into `scratch`, one output
 * row at a time, then along that row, where each sum v becomes v · scale[c] + offset[c]. Taps of output row y (column x
 * alike): rows first[y] … first[y] + count[y] − 1 with the weights from rowWeights[y · rowTaps]. scale and offset have
 * 4 values. Reads up to 16 bytes past the rectangle's last row.
 */
export function resample(
  src: usize,
  stride: usize,
  width: usize,
  channels: usize,
  rowFirst: usize,
  rowCount: usize,
  rowWeights: usize,
  rowTaps: usize,
  outHeight: usize,
  columnFirst: usize,
  columnCount: usize,
  columnWeights: usize,
  columnTaps: usize,
  outWidth: usize,
  scale: usize,
  offset: usize,
  mirror: bool,
  scratch: usize,
  out: usize,
): void {
  const length = (width * channels + 15) & ~15;
  const plane = outHeight * outWidth * 4;
  const step: isize = mirror ? -4 : 4;
  const scales = v128.load(scale);
  const offsets = v128.load(offset);
  for (let y: usize = 0; y < outHeight; y++) {
    const row = src + <usize>load<i32>(rowFirst + y * 4) * stride;
    const rows = load<i32>(rowCount + y * 4);
    let weight = rowWeights + y * rowTaps * 4;
    for (let i: usize = 0; i < length; i += 16) sumRows(row + i, stride, weight, rows, scratch + i * 4);
    let to = out + (y * outWidth + (mirror ? outWidth - 1 : 0)) * 4;
    for (let x: usize = 0; x < outWidth; x++, to += step) {
      let at = scratch + <usize>load<i32>(columnFirst + x * 4) * channels * 4;
      weight = columnWeights + x * columnTaps * 4;
      if (channels === 3) {
        // three of the four lanes are one pixel
        let sum = f32x4.splat(0);
        for (let t = load<i32>(columnCount + x * 4); t > 0; t--, at += 12, weight += 4)
          sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(weight), v128.load(at)));
        sum = f32x4.add(f32x4.mul(sum, scales), offsets);
        store<f32>(to, f32x4.extract_lane(sum, 0));
        store<f32>(to + plane, f32x4.extract_lane(sum, 1));
        store<f32>(to + 2 * plane, f32x4.extract_lane(sum, 2));
      } else {
        let sum: f32 = 0;
        for (let t = load<i32>(columnCount + x * 4); t > 0; t--, at += 4, weight += 4)
          sum += load<f32>(weight) * load<f32>(at);
        store<f32>(to, sum * load<f32>(scale) + load<f32>(offset));
      }
    }
  }
}

/** Byte offset in a plane of the pixel in `row` and `column`, brought inside. */
@inline
function nearest(row: i32, column: i32, height: i32, width: i32): usize {
  return <usize>(max(0, min(height - 1, row)) * width + max(0, min(width - 1, column))) << 2;
}

@inline
function isInside(row: i32, column: i32, height: i32, width: i32): bool {
  // as unsigned numbers negative ones are large
  return <u32>row < <u32>height && <u32>column < <u32>width;
}

/**
 * out[c][y][x] = src[c] at column a·x + b·y + c0 and row d·x + e·y + r0, bilinear between the four nearest pixels. Outside
 * the picture: outside[c], or the nearest pixel if `outside` is 0. Coordinates are f64, weights and values f32.
 */
export function warp(
  src: usize,
  height: i32,
  width: i32,
  channels: i32,
  a: f64,
  b: f64,
  c0: f64,
  d: f64,
  e: f64,
  r0: f64,
  outside: usize,
  out: usize,
): void {
  const plane = <usize>(height * width) << 2;
  const below = <usize>width << 2;
  let to = out;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 4) {
      const column = a * <f64>x + b * <f64>y + c0;
      const row = d * <f64>x + e * <f64>y + r0;
      const left = floor(column);
      const top = floor(row);
      const u = <f32>(column - left);
      const v = <f32>(row - top);
      const i = <i32>top;
      const j = <i32>left;
      let from = src;
      let at = to;
      if (i >= 0 && j >= 0 && i < height - 1 && j < width - 1) {
        from += <usize>(i * width + j) << 2;
        for (let c = 0; c < channels; c++, from += plane, at += plane) {
          const p = load<f32>(from);
          const q = load<f32>(from + below);
          const upper = p + u * (load<f32>(from, 4) - p);
          const lower = q + u * (load<f32>(from + below, 4) - q);
          store<f32>(at, upper + v * (lower - upper));
        }
      } else {
        for (let c = 0; c < channels; c++, from += plane, at += plane) {
          let p = load<f32>(from + nearest(i, j, height, width));
          let r = load<f32>(from + nearest(i, j + 1, height, width));
          let q = load<f32>(from + nearest(i + 1, j, height, width));
          let s = load<f32>(from + nearest(i + 1, j + 1, height, width));
          if (outside) {
            const border = load<f32>(outside + (<usize>c << 2));
            if (!isInside(i, j, height, width)) p = border;
            if (!isInside(i, j + 1, height, width)) r = border;
            if (!isInside(i + 1, j, height, width)) q = border;
            if (!isInside(i + 1, j + 1, height, width)) s = border;
          }
          const upper = p + u * (r - p);
          const lower = q + u * (s - q);
          store<f32>(at, upper + v * (lower - upper));
        }
      }
    }
  }
}
