/** FNV-1a, 64 bits (Fowler, Noll, Vo), over the UTF-8 bytes of a string. */
import { RetrievalGuardError } from '../errors.ts';

const encoder = new TextEncoder();
// A surrogate without its partner; the u flag makes pairs one character.
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether UTF-8 tells a string from all others. */
export const isWellFormed = (text: string): boolean => !LONE_SURROGATE.test(text);

/**
 * The FNV-1a hash as two unsigned 32-bit words.
 *
 * @param text any well-formed string
 * @throws RetrievalGuardError OPTION_INVALID for a lone surrogate, which UTF-8 cannot tell from another
 */
export function fnv1a64(text: string): { low: number; high: number } {
  if (!isWellFormed(text))
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a well-formed string to hash',
      got: JSON.stringify(text),
    });
  // offset basis 0xcbf29ce484222325, prime 2^40 + 0x1b3
  let low = 0x84222325;
  let high = 0xcbf29ce4;
  for (const byte of encoder.encode(text)) {
    low = (low ^ byte) >>> 0;
    const product = low * 0x1b3;
    high = (Math.imul(high, 0x1b3) + Math.floor(product / 2 ** 32) + (low << 8)) >>> 0;
    low = product % 2 ** 32;
  }
  return { low, high };
}
