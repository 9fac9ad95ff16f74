// Philox4x32-10, the mirror of src/noise/philox.ts and src/noise/stream.ts.

/** Words of one vector of xoshiro128++ states: word w of lane l lies at 16 w + 4 l. Kept across the chunks of a row. */
export const STATE: usize = memory.data(64, 16);

@inline
function multiplyHigh(a: u32, b: u32): u32 {
  return <u32>((<u64>a * <u64>b) >> 32);
}

/** Seeds the four lanes of sample `index`: lane l takes the four words of Philox block l. */
export function seedLanes(
  seedLow: u32,
  seedHigh: u32,
  queryLow: u32,
  queryHigh: u32,
  phase: u32,
  index: u64,
): void {
  for (let lane: u32 = 0; lane < 4; lane++) {
    let c0 = <u32>index;
    let c1 = (<u32>(index >> 32) & 0xffff) | ((phase & 0xff) << 16) | (lane << 24);
    let c2 = queryLow;
    let c3 = queryHigh;
    let k0 = seedLow;
    let k1 = seedHigh;
    for (let round = 0; round < 10; round++) {
      const high0 = multiplyHigh(0xd2511f53, c0);
      const low0 = 0xd2511f53 * c0;
      const high1 = multiplyHigh(0xcd9e8d57, c2);
      const low1 = 0xcd9e8d57 * c2;
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 += 0x9e3779b9;
      k1 += 0xbb67ae85;
    }
    // xoshiro may not start at zero
    if ((c0 | c1 | c2 | c3) == 0) c0 = 0x9e3779b9;
    const at = STATE + ((<usize>lane) << 2);
    store<u32>(at, c0);
    store<u32>(at, c1, 16);
    store<u32>(at, c2, 32);
    store<u32>(at, c3, 48);
  }
}
