// The Gaussian transform, the mirror of src/noise/gaussian.ts: same operations, same order, same bits.
// Only f32 add, subtract, multiply, square root and integer operations; never a fused multiply-add.
//
// V8 does not keep SIMD constants in registers: it rebuilds each from immediates at every use. So constants lie in a
// table in memory (one load), each serves four vectors in lockstep, and the work is split into passes over a scratch
// chunk (words, radii, angles) to keep few vectors live.

import { STATE } from './philox';

/** Values of one block: four pairs of vectors. */
export const BLOCK: usize = 32;
/** Values drawn at a time; a multiple of BLOCK that stays in the first-level cache. */
export const CHUNK: usize = 1024;
/** One chunk of raw words; the radii replace the first word of each pair. */
export const SCRATCH: usize = memory.data(4096, 16);

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

/** Pass 0: raw words of `blocks` blocks from the lanes at STATE; four steps written out, which saves a tenth. */
export function drawWords(blocks: usize): void {
  let s0 = v128.load(STATE);
  let s1 = v128.load(STATE, 16);
  let s2 = v128.load(STATE, 32);
  let s3 = v128.load(STATE, 48);
  const end = SCRATCH + blocks * 128;
  for (let at = SCRATCH; at < end; at += 64) {
    v128.store(at, i32x4.add(rotate(i32x4.add(s0, s3), 7), s0), 0);
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
    v128.store(at, i32x4.add(rotate(i32x4.add(s0, s3), 7), s0), 48);
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

/** The 31 high bits of `a` plus the middle of the 2^-8 step that the low byte of `b` picks. */
@inline
function uniform(a: v128, b: v128): v128 {
  const high = f32x4.convert_i32x4_s(i32x4.shr_u(a, 1));
  const low = f32x4.sub(v128.or(v128.and(b, constant(BYTE)), constant(STEP)), constant(STEP_HALF));
  return f32x4.add(high, low);
}

/** Pass 1: the first word of each pair becomes the signed radius. */
export function radii(blocks: usize): void {
  const end = SCRATCH + blocks * 128;
  for (let at = SCRATCH; at < end; at += 128) {
    let ix0 = uniform(v128.load(at), v128.load(at, 16));
    let ix1 = uniform(v128.load(at, 32), v128.load(at, 48));
    let ix2 = uniform(v128.load(at, 64), v128.load(at, 80));
    let ix3 = uniform(v128.load(at, 96), v128.load(at, 112));
    const origin = constant(ORIGIN);
    ix0 = i32x4.sub(ix0, origin);
    ix1 = i32x4.sub(ix1, origin);
    ix2 = i32x4.sub(ix2, origin);
    ix3 = i32x4.sub(ix3, origin);
    const mask = constant(MANTISSA);
    const root = constant(ROOT_HALF);
    const one = constant(ONE);
    const f0 = f32x4.sub(i32x4.add(v128.and(ix0, mask), root), one);
    const f1 = f32x4.sub(i32x4.add(v128.and(ix1, mask), root), one);
    const f2 = f32x4.sub(i32x4.add(v128.and(ix2, mask), root), one);
    const f3 = f32x4.sub(i32x4.add(v128.and(ix3, mask), root), one);
    const ln = constant(LOG);
    const e0 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_s(ix0, 23)), ln);
    const e1 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_s(ix1, 23)), ln);
    const e2 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_s(ix2, 23)), ln);
    const e3 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_s(ix3, 23)), ln);
    let c = constant(L7);
    let d = constant(L6);
    let p0 = horner(c, f0, d);
    let p1 = horner(c, f1, d);
    let p2 = horner(c, f2, d);
    let p3 = horner(c, f3, d);
    c = constant(L5);
    p0 = horner(p0, f0, c);
    p1 = horner(p1, f1, c);
    p2 = horner(p2, f2, c);
    p3 = horner(p3, f3, c);
    c = constant(L4);
    p0 = horner(p0, f0, c);
    p1 = horner(p1, f1, c);
    p2 = horner(p2, f2, c);
    p3 = horner(p3, f3, c);
    c = constant(L3);
    p0 = horner(p0, f0, c);
    p1 = horner(p1, f1, c);
    p2 = horner(p2, f2, c);
    p3 = horner(p3, f3, c);
    c = constant(L2);
    p0 = horner(p0, f0, c);
    p1 = horner(p1, f1, c);
    p2 = horner(p2, f2, c);
    p3 = horner(p3, f3, c);
    c = constant(L1);
    p0 = horner(p0, f0, c);
    p1 = horner(p1, f1, c);
    p2 = horner(p2, f2, c);
    p3 = horner(p3, f3, c);
    c = constant(L0);
    p0 = horner(p0, f0, c);
    p1 = horner(p1, f1, c);
    p2 = horner(p2, f2, c);
    p3 = horner(p3, f3, c);
    p0 = f32x4.sqrt(f32x4.add(f32x4.mul(p0, f0), e0));
    p1 = f32x4.sqrt(f32x4.add(f32x4.mul(p1, f1), e1));
    p2 = f32x4.sqrt(f32x4.add(f32x4.mul(p2, f2), e2));
    p3 = f32x4.sqrt(f32x4.add(f32x4.mul(p3, f3), e3));
    v128.store(at, v128.xor(p0, i32x4.shl(v128.load(at), 31)));
    v128.store(at, v128.xor(p1, i32x4.shl(v128.load(at, 32), 31)), 32);
    v128.store(at, v128.xor(p2, i32x4.shl(v128.load(at, 64), 31)), 64);
    v128.store(at, v128.xor(p3, i32x4.shl(v128.load(at, 96), 31)), 96);
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
  const bit = constant(BIT);
  const unit = constant(TURN);
  const x0 = f32x4.mul(f32x4.convert_i32x4_s(v128.or(v128.load(at, 16), bit)), unit);
  const x1 = f32x4.mul(f32x4.convert_i32x4_s(v128.or(v128.load(at, 48), bit)), unit);
  const x2 = f32x4.mul(f32x4.convert_i32x4_s(v128.or(v128.load(at, 80), bit)), unit);
  const x3 = f32x4.mul(f32x4.convert_i32x4_s(v128.or(v128.load(at, 112), bit)), unit);
  const y0 = f32x4.mul(x0, x0);
  const y1 = f32x4.mul(x1, x1);
  const y2 = f32x4.mul(x2, x2);
  const y3 = f32x4.mul(x3, x3);
  let c = constant(C4);
  let d = constant(C3);
  let p0 = horner(c, y0, d);
  let p1 = horner(c, y1, d);
  let p2 = horner(c, y2, d);
  let p3 = horner(c, y3, d);
  c = constant(C2);
  p0 = horner(p0, y0, c);
  p1 = horner(p1, y1, c);
  p2 = horner(p2, y2, c);
  p3 = horner(p3, y3, c);
  c = constant(C1);
  p0 = horner(p0, y0, c);
  p1 = horner(p1, y1, c);
  p2 = horner(p2, y2, c);
  p3 = horner(p3, y3, c);
  c = constant(C0);
  p0 = horner(p0, y0, c);
  p1 = horner(p1, y1, c);
  p2 = horner(p2, y2, c);
  p3 = horner(p3, y3, c);
  emit(fused, f32x4.mul(v128.load(at), p0), base, scale, out, 0);
  emit(fused, f32x4.mul(v128.load(at, 32), p1), base, scale, out, 32);
  emit(fused, f32x4.mul(v128.load(at, 64), p2), base, scale, out, 64);
  emit(fused, f32x4.mul(v128.load(at, 96), p3), base, scale, out, 96);
  c = constant(S4);
  d = constant(S3);
  p0 = horner(c, y0, d);
  p1 = horner(c, y1, d);
  p2 = horner(c, y2, d);
  p3 = horner(c, y3, d);
  c = constant(S2);
  p0 = horner(p0, y0, c);
  p1 = horner(p1, y1, c);
  p2 = horner(p2, y2, c);
  p3 = horner(p3, y3, c);
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
  emit(fused, f32x4.mul(v128.load(at), f32x4.mul(p0, x0)), base, scale, out, 16);
  emit(fused, f32x4.mul(v128.load(at, 32), f32x4.mul(p1, x1)), base, scale, out, 48);
  emit(fused, f32x4.mul(v128.load(at, 64), f32x4.mul(p2, x2)), base, scale, out, 80);
  emit(fused, f32x4.mul(v128.load(at, 96), f32x4.mul(p3, x3)), base, scale, out, 112);
}

/** Pass 2 for `blocks` whole blocks from scratch block `first`: out = z. */
export function writeRaw(first: usize, blocks: usize, out: usize): void {
  let at = SCRATCH + first * 128;
  const end = at + blocks * 128;
  for (; at < end; at += 128, out += 128) angles(false, at, 0, i32x4.splat(0), out);
}

/** Pass 2 for `blocks` whole blocks from scratch block `first`: out = base + scale z. */
export function writeFused(first: usize, blocks: usize, base: usize, scale: f32, out: usize): void {
  const s = f32x4.splat(scale);
  let at = SCRATCH + first * 128;
  const end = at + blocks * 128;
  for (; at < end; at += 128, out += 128, base += 128) angles(true, at, base, s, out);
}

// The table; src/noise/gaussian.ts tells what each constant is for. Floats by their bits.
const BYTE: usize = 0;
const STEP: usize = 1;
const STEP_HALF: usize = 2;
const ORIGIN: usize = 3;
const MANTISSA: usize = 4;
const ROOT_HALF: usize = 5;
const ONE: usize = 6;
const LOG: usize = 7;
const BIT: usize = 8;
const TURN: usize = 9;
const L0: usize = 10;
const L1: usize = 11;
const L2: usize = 12;
const L3: usize = 13;
const L4: usize = 14;
const L5: usize = 15;
const L6: usize = 16;
const L7: usize = 17;
const S0: usize = 18;
const S1: usize = 19;
const S2: usize = 20;
const S3: usize = 21;
const S4: usize = 22;
const C0: usize = 23;
const C1: usize = 24;
const C2: usize = 25;
const C3: usize = 26;
const C4: usize = 27;
const TABLE: usize = memory.data<u32>(
  [
    0xff, // BYTE
    0x47000000, // STEP: 2^15, whose last place is 2^-8
    0x46ffffff, // STEP_HALF: 2^15 - 2^-9
    0x4eb504f3, // ORIGIN: bits of sqrt(1/2), 31 added to the exponent
    0x007fffff, // MANTISSA
    0x3f3504f3, // ROOT_HALF: sqrt(1/2)
    0x3f800000, // ONE: 1
    0xbfb17218, // LOG: -2 ln 2
    1, // BIT
    0x30000000, // TURN: 2^-31
    0xbfffffff, // L0: -1.9999998807907104
    0x3f80003d, // L1: 1.0000072717666626
    0xbf2aacee, // L2: -0.6667011976242065
    0x3effb11e, // L3: 0.4993981719017029
    0xbecbc717, // L4: -0.39800330996513367
    0x3eb0a604, // L5: 0.34501659870147705
    0xbea61e85, // L6: -0.32445159554481506
    0x3e4efd3a, // L7: 0.20213785767555237
    0x3fc90fdb, // S0: 1.5707963705062866
    0xbf255de1, // S1: -0.645963728427887
    0x3da33458, // S2: 0.07968968152999878
    0xbb992665, // S3: -0.004673766437917948
    0x391ed7fb, // S4: 0.00015148513193707913
    0x3f7fffff, // C0: 0.9999999403953552
    0xbf9de9d3, // C1: -1.2336982488632202
    0x3e81de83, // C2: 0.2536507546901703
    0xbcaa7b0d, // C3: -0.020810628309845924
    0x3a60f833, // C4: 0.0008581906440667808
  ],
  16,
);
