/** SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), in plain TypeScript: a browser has them only as promises. */

const BLOCK_BYTES = 64;

const rotate = (x: number, right: number): number => (x >>> right) | (x << (32 - right));

/** The first 32 bits of the fractional part of a root of a prime. None below is within a relative 2^-40 of giving others. */
const fraction = (root: number): number => Math.floor((root % 1) * 2 ** 32);

const PRIMES = firstPrimes(64);
/** From the square roots of the first 8 primes. */
const START = PRIMES.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
/** From the cube roots of the first 64 primes. */
const ROUND_CONSTANTS = PRIMES.map((p) => fraction(Math.cbrt(p)));

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((p) => n % p !== 0)) primes.push(n);
  return primes;
}

/** The SHA-256 of a message: 32 bytes. */
export function sha256(message: Uint8Array): Uint8Array {
  const state = Uint32Array.from(START);
  const padded = withPadding(message);
  for (let at = 0; at < padded.byteLength; at += BLOCK_BYTES)
    compress(state, new DataView(padded.buffer, at, BLOCK_BYTES));
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => digest.setUint32(4 * i, word));
  return new Uint8Array(digest.buffer);
}

/** The message, a bit 1, zeros, and its length in bits as 64 bits: whole blocks. */
function withPadding(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / BLOCK_BYTES) * BLOCK_BYTES);
  padded.set(message);
  padded[message.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, 8n * BigInt(message.length));
  return padded;
}

/** Takes one block into the state. */
function compress(state: Uint32Array, block: DataView): void {
  const w = new Uint32Array(64);
  for (let t = 0; t < 16; t++) w[t] = block.getUint32(4 * t);
  for (let t = 16; t < 64; t++) {
    const early = w[t - 15];
    const late = w[t - 2];
    const sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    const sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    w[t] = sigma1 + w[t - 7] + sigma0 + w[t - 16];
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t++) {
    const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + sum1 + choice + ROUND_CONSTANTS[t] + w[t]) | 0;
    const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + sum0 + majority) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] += word;
  });
}

/** HMAC-SHA-256: for a secret key, a pseudorandom function of the message. Keys of up to 64 bytes count with zeros behind them. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(BLOCK_BYTES);
  padded.set(key.length > BLOCK_BYTES ? sha256(key) : key);
  const masked = (mask: number): Uint8Array => padded.map((byte) => byte ^ mask);
  return sha256(concatenated(masked(0x5c), sha256(concatenated(masked(0x36), message))));
}

/** The bytes of all parts, one after the other. */
export function concatenated(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
