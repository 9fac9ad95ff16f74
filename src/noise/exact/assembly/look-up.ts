// Look-ups in the table of entries. They wait for memory and ChaCha for the vector units, so chacha.ts does both at a time.

/** Values that are looked up at a time: the prefixes of four blocks. */
export const FOUR_BLOCKS: usize = 128;
/** The entries of the prefixes below 2^15, i16: see cells.ts. */
export const TABLE: usize = memory.data(65536, 64);
/** Where the 128 entries to look up lie in the table, in bytes, u16. */
export const OFFSETS: usize = memory.data(256, 16);
/** The entries found, i16. */
export const ENTRIES: usize = memory.data(256, 16);

/** Reads the table from end to end. After other work that is how it gets near soonest; look-ups fetch it piece by piece. */
export function warm(): void {
  let sum: u32 = 0;
  for (let line: usize = 0; line < 65536; line += 64) sum += load<u32>(line, TABLE);
  // kept somewhere, or nothing would be read
  store<u32>(ENTRIES, sum);
}

/** Looks up 32 entries, from number `first` on. */
@inline
export function lookUp(first: usize): void {
  const at = first << 1;
  lookUpEight(at);
  lookUpEight(at + 16);
  lookUpEight(at + 32);
  lookUpEight(at + 48);
}

/** Looks up eight entries; `at` counts the bytes of those before. */
@inline
function lookUpEight(at: usize): void {
  let entries = v128.load16_splat(<usize>load<u16>(at, OFFSETS), TABLE);
  entries = v128.load16_lane(<usize>load<u16>(at, OFFSETS + 2), entries, 1, TABLE);
  entries = v128.load16_lane(<usize>load<u16>(at, OFFSETS + 4), entries, 2, TABLE);
  entries = v128.load16_lane(<usize>load<u16>(at, OFFSETS + 6), entries, 3, TABLE);
  entries = v128.load16_lane(<usize>load<u16>(at, OFFSETS + 8), entries, 4, TABLE);
  entries = v128.load16_lane(<usize>load<u16>(at, OFFSETS + 10), entries, 5, TABLE);
  entries = v128.load16_lane(<usize>load<u16>(at, OFFSETS + 12), entries, 6, TABLE);
  entries = v128.load16_lane(<usize>load<u16>(at, OFFSETS + 14), entries, 7, TABLE);
  v128.store(at, entries, ENTRIES);
}
