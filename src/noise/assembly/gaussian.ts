// The Gaussian transform, the mirror of src/noise/gaussian.ts: same operations, same order, same bits.
// Only f32 add, subtract, multiply, divide, square root and integer operations; never a fused multiply-add.
//
// What costs is the number of vector operations. V8 does not keep SIMD constants in registers: it rebuilds each from
// immediates at every use. So constants lie in a table in memory (one load), each serves four vectors in lockstep, and
// the work is split into passes over a scratch chunk (words, radii, angles) to keep few vectors live.

import { STATE } from './philox';

/** Values of one block: four pairs of vectors. */
export const BLOCK: usize = 32;
/** Values drawn at a time; a multiple of BLOCK that stays in the first-level cache. */
export const CHUNK: usize = 1024;
/** Bytes of a block's six vectors of words: a, a, b of two pairs, then of the other two. */
const WORDS: usize = 96;
/** One chunk of raw words; the radii replace the words a. */
export const SCRATCH: usize = memory.data(3072, 16);

@inline
function rotate(x: v128, left: i32): v128 {
  return v128.or(i32x4.shl(x, left), i32x4.shr_u(x, 32 - left));
}

/** Constant number `i` of the table in all lanes. */
@inline
function constant(i: usize): v128 {
  return v128.load32_splat(TABLE + 4 * i);
}

@inline
function horner(p: v128, x: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(p, x), c);
}

/** Pass 0: raw words of `blocks` blocks from the lanes at STATE; three steps written out, which saves a tenth. */
export function drawWords(blocks: usize): void {
  let s0 = v128.load(STATE);
  let s1 = v128.load(STATE, 16);
  let s2 = v128.load(STATE, 32);
  let s3 = v128.load(STATE, 48);
  const end = SCRATCH + blocks * WORDS;
  for (let at = SCRATCH; at < end; at += 48) {
    v128.store(at, i32x4.add(rotate(i32x4.add(s0, s3), 7), s0));
    let t = i32x4.shl(s1, 9);
    s2 = v128.xor(s2, s0);
    s3 = v128.xor(s3, s1);
    s1 = v128.xor(s1, s2);
    s0 = v128.xor(s0, s3);
    s2 = v128.xor(s2, t);
    s3 = rotate(s3, 11);
    v128.store(at, i32x4.add(rotate(i32x4.add(s0, s3), 7), s0), 16);
    t = i32x4.shl(s1, 9);
    s2 = v128.xor(s2, s0);
    s3 = v128.xor(s3, s1);
    s1 = v128.xor(s1, s2);
    s0 = v128.xor(s0, s3);
    s2 = v128.xor(s2, t);
    s3 = rotate(s3, 11);
    v128.store(at, i32x4.add(rotate(i32x4.add(s0, s3), 7), s0), 32);
    t = i32x4.shl(s1, 9);
    s2 = v128.xor(s2, s0);
    s3 = v128.xor(s3, s1);
    s1 = v128.xor(s1, s2);
    s0 = v128.xor(s0, s3);
    s2 = v128.xor(s2, t);
    s3 = rotate(s3, 11);
  }
  v128.store(STATE, s0);
  v128.store(STATE, s1, 16);
  v128.store(STATE, s2, 32);
  v128.store(STATE, s3, 48);
}

/** Pass 1: the words a become signed radii. */
export function radii(blocks: usize): void {
  const end = SCRATCH + blocks * WORDS;
  for (let at = SCRATCH; at < end; at += WORDS) {
    const half = constant(HALF);
    const origin = constant(ORIGIN);
    const u0 = f32x4.add(f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(at), 1)), half);
    const u1 = f32x4.add(f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(at, 16), 1)), half);
    const u2 = f32x4.add(f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(at, 48), 1)), half);
    const u3 = f32x4.add(f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(at, 64), 1)), half);
    const ix0 = i32x4.sub(u0, origin);
    const ix1 = i32x4.sub(u1, origin);
    const ix2 = i32x4.sub(u2, origin);
    const ix3 = i32x4.sub(u3, origin);
    const mask = constant(MANTISSA);
    const root = constant(ROOT_HALF);
    const m0 = i32x4.add(v128.and(ix0, mask), root);
    const m1 = i32x4.add(v128.and(ix1, mask), root);
    const m2 = i32x4.add(v128.and(ix2, mask), root);
    const m3 = i32x4.add(v128.and(ix3, mask), root);
    const ln = constant(LOG);
    const e0 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_s(ix0, 23)), ln);
    const e1 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_s(ix1, 23)), ln);
    const e2 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_s(ix2, 23)), ln);
    const e3 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_s(ix3, 23)), ln);
    const one = constant(ONE);
    const s0 = f32x4.div(f32x4.sub(m0, one), f32x4.add(m0, one));
    const s1 = f32x4.div(f32x4.sub(m1, one), f32x4.add(m1, one));
    const s2 = f32x4.div(f32x4.sub(m2, one), f32x4.add(m2, one));
    const s3 = f32x4.div(f32x4.sub(m3, one), f32x4.add(m3, one));
    const w0 = f32x4.mul(s0, s0);
    const w1 = f32x4.mul(s1, s1);
    const w2 = f32x4.mul(s2, s2);
    const w3 = f32x4.mul(s3, s3);
    let c = constant(L2);
    let d = constant(L1);
    let p0 = horner(c, w0, d);
    let p1 = horner(c, w1, d);
    let p2 = horner(c, w2, d);
    let p3 = horner(c, w3, d);
    c = constant(L0);
    p0 = horner(p0, w0, c);
    p1 = horner(p1, w1, c);
    p2 = horner(p2, w2, c);
    p3 = horner(p3, w3, c);
    p0 = f32x4.sqrt(f32x4.add(f32x4.mul(p0, s0), e0));
    p1 = f32x4.sqrt(f32x4.add(f32x4.mul(p1, s1), e1));
    p2 = f32x4.sqrt(f32x4.add(f32x4.mul(p2, s2), e2));
    p3 = f32x4.sqrt(f32x4.add(f32x4.mul(p3, s3), e3));
    v128.store(at, v128.xor(p0, i32x4.shl(v128.load(at), 31)));
    v128.store(at, v128.xor(p1, i32x4.shl(v128.load(at, 16), 31)), 16);
    v128.store(at, v128.xor(p2, i32x4.shl(v128.load(at, 48), 31)), 48);
    v128.store(at, v128.xor(p3, i32x4.shl(v128.load(at, 64), 31)), 64);
  }
}

/** z to `out`, or base + scale z. */
@inline
function emit(fused: bool, z: v128, base: usize, scale: v128, out: usize, offset: usize): void {
  if (fused) v128.store(out + offset, f32x4.add(v128.load(base + offset), f32x4.mul(scale, z)));
  else v128.store(out + offset, z);
}

/** Pass 2: one block at scratch offset `at` to `out`. */
@inline
function angles(fused: bool, at: usize, base: usize, scale: v128, out: usize): void {
  const unit = constant(TURN);
  const b0 = v128.load(at, 32);
  const b2 = v128.load(at, 80);
  const x0 = f32x4.mul(f32x4.convert_i32x4_s(b0), unit);
  const x1 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shl(b0, 16)), unit);
  const x2 = f32x4.mul(f32x4.convert_i32x4_s(b2), unit);
  const x3 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shl(b2, 16)), unit);
  const y0 = f32x4.mul(x0, x0);
  const y1 = f32x4.mul(x1, x1);
  const y2 = f32x4.mul(x2, x2);
  const y3 = f32x4.mul(x3, x3);
  let c = constant(S3);
  let d = constant(S2);
  let p0 = horner(c, y0, d);
  let p1 = horner(c, y1, d);
  let p2 = horner(c, y2, d);
  let p3 = horner(c, y3, d);
  c = constant(S1);
  p0 = horner(p0, y0, c);
  p1 = horner(p1, y1, c);
  p2 = horner(p2, y2, c);
  p3 = horner(p3, y3, c);
  c = constant(S0);
  p0 = horner(p0, y0, c);
  p1 = horner(p1, y1, c);
  p2 = horner(p2, y2, c);
  p3 = horner(p3, y3, c);
  p0 = f32x4.mul(p0, x0);
  p1 = f32x4.mul(p1, x1);
  p2 = f32x4.mul(p2, x2);
  p3 = f32x4.mul(p3, x3);
  const q0 = f32x4.mul(p0, p0);
  const q1 = f32x4.mul(p1, p1);
  const q2 = f32x4.mul(p2, p2);
  const q3 = f32x4.mul(p3, p3);
  c = constant(ONE);
  d = constant(TWO);
  emit(fused, f32x4.mul(v128.load(at), f32x4.sub(c, q0)), base, scale, out, 0);
  emit(fused, f32x4.mul(v128.load(at, 16), f32x4.sub(c, q1)), base, scale, out, 32);
  emit(fused, f32x4.mul(v128.load(at, 48), f32x4.sub(c, q2)), base, scale, out, 64);
  emit(fused, f32x4.mul(v128.load(at, 64), f32x4.sub(c, q3)), base, scale, out, 96);
  p0 = f32x4.mul(p0, f32x4.sqrt(f32x4.sub(d, q0)));
  p1 = f32x4.mul(p1, f32x4.sqrt(f32x4.sub(d, q1)));
  p2 = f32x4.mul(p2, f32x4.sqrt(f32x4.sub(d, q2)));
  p3 = f32x4.mul(p3, f32x4.sqrt(f32x4.sub(d, q3)));
  emit(fused, f32x4.mul(v128.load(at), p0), base, scale, out, 16);
  emit(fused, f32x4.mul(v128.load(at, 16), p1), base, scale, out, 48);
  emit(fused, f32x4.mul(v128.load(at, 48), p2), base, scale, out, 80);
  emit(fused, f32x4.mul(v128.load(at, 64), p3), base, scale, out, 112);
}

/** Pass 2 for `blocks` whole blocks from scratch block `first`: out = z. */
export function writeRaw(first: usize, blocks: usize, out: usize): void {
  let at = SCRATCH + first * WORDS;
  const end = at + blocks * WORDS;
  for (; at < end; at += WORDS, out += 128) angles(false, at, 0, i32x4.splat(0), out);
}

/** Pass 2 for `blocks` whole blocks from scratch block `first`: out = base + scale z. */
export function writeFused(first: usize, blocks: usize, base: usize, scale: f32, out: usize): void {
  const s = f32x4.splat(scale);
  let at = SCRATCH + first * WORDS;
  const end = at + blocks * WORDS;
  for (; at < end; at += WORDS, out += 128, base += 128) angles(true, at, base, s, out);
}

// The table; src/noise/gaussian.ts tells what each constant is for. Floats by their bits.
const HALF: usize = 0;
const ORIGIN: usize = 1;
const MANTISSA: usize = 2;
const ROOT_HALF: usize = 3;
const ONE: usize = 4;
const TWO: usize = 5;
const LOG: usize = 6;
const TURN: usize = 7;
const L0: usize = 8;
const L1: usize = 9;
const L2: usize = 10;
const S0: usize = 11;
const S1: usize = 12;
const S2: usize = 13;
const S3: usize = 14;
const TABLE: usize = memory.data<u32>(
  [
    0x3f000000, // HALF: 1/2
    0x4eb504f3, // ORIGIN: bits of sqrt(1/2), 31 added to the exponent
    0x007fffff, // MANTISSA
    0x3f3504f3, // ROOT_HALF: sqrt(1/2)
    0x3f800000, // ONE: 1
    0x40000000, // TWO: 2
    0xbfb17218, // LOG: -2 ln 2
    0x30000000, // TURN: 2^-31
    0xc0800001, // L0: -4.000000476837158
    0xbfaaa131, // L1: -1.333044171333313
    0xbf537089, // L2: -0.8259359002113342
    0x3f8e2c19, // S0: 1.1107207536697388
    0xbde9dd4e, // S1: -0.11419163644313812
    0x3b66d5d8, // S2: 0.0035222675651311874
    0xb857987e, // S3: -5.1402013923507184e-05
  ],
  16,
);
