/**
 * Where content-defined chunks end: 32-bit Gear with a keyed table, normalised
 * as in FastCDC (Xia et al., USENIX ATC 2016), judged from each chunk's own start.
 *
 *   h(i) = 2 h(i-1) + table[b(i)] mod 2^32 = sum over k < 32 of table[b(i-k)] 2^k
 *
 * A byte is shifted out after 32 steps: h(i) is a function of the last 32 bytes
 * alone, wherever the loop began. `cutPlain` is the definition, one byte after
 * the other; `cut` starts in many places at once and gives the same cuts, which
 * belong to the repository format.
 *
 * The memory comes from the host and never grows:
 *
 *   0 .. table   unused
 *   table        256 x u32, little-endian, written once by the host
 *   window ..    the host's bytes, to the end of the memory
 */

/** Bytes that decide about a cut. No chunk is shorter than twice this. */
const REACH: usize = 32;

/**
 * Bytes that one lane looks at before the lanes move on together. Each stride
 * begins with REACH - 1 bytes of run-up; behind a cut, up to a group is wasted.
 */
const STRIDE: usize = 256;

/** Eight lanes: two vectors of four. */
const GROUP: usize = 8 * STRIDE;

/** Address of the Gear table. */
export const table: usize = memory.data(1024, 16);

/** Address of the first byte that is the host's to fill. */
export const window: usize = __heap_base;

/**
 * The definition of a chunk, for the bytes `[from, to)` from its start on.
 *
 * Below `average` a cut needs h < 2^30 / average, from there on 16 times that:
 * log2(average) + 2 top bits zero, then log2(average) - 2.
 *
 * @param average a power of two; `REACH` < `min` < `average` < `max`.
 * @returns the chunk's length, `max` at the most, or 0 if these bytes hold no cut.
 */
export function cutPlain(from: usize, to: usize, min: u32, average: u32, max: u32): u32 {
  const end = endOf(from, to, max);
  const first = lower(from + min - 1, end);
  const turn = lower(from + average - 1, end);
  const limit = ((<u32>1) << 30) / average;
  let h: u32 = 0;
  let at = from + min - REACH;
  for (; at < first; at++) h = (h << 1) + gear(at);
  for (; at < turn; at++) {
    h = (h << 1) + gear(at);
    if (h < limit) return <u32>(at + 1 - from);
  }
  for (; at < end; at++) {
    h = (h << 1) + gear(at);
    if (h < limit << 4) return <u32>(at + 1 - from);
  }
  return end - from === max ? max : 0;
}

/** The same cuts as {@link cutPlain}, faster. */
export function cut(from: usize, to: usize, min: u32, average: u32, max: u32): u32 {
  const end = endOf(from, to, max);
  const turn = lower(from + average - 1, end);
  const limit = ((<u32>1) << 30) / average;
  let behind = scan(from + min - 1, turn, limit);
  if (behind === 0) behind = scan(from + average - 1, end, limit << 4);
  if (behind !== 0) return <u32>(behind - from);
  return end - from === max ? max : 0;
}

/**
 * Address behind the first byte of `[from, to)` at which h is below `limit`; 0
 * if there is none. Reads the `REACH - 1` bytes before `from`, too.
 *
 * Lane n of h begins at n strides from the group's start:
 *
 *   at   | stride 0 | stride 1 | stride 2 | stride 3 | 4 | 5 | 6 | 7 |
 *   low    lane 0     lane 1     lane 2     lane 3
 *   high                                               0   1   2   3
 *
 * Only the least h of a group is kept, without a branch; where it is below
 * `limit`, the plain loop finds the first byte that brought it there.
 */
function scan(from: usize, to: usize, limit: u32): usize {
  // What lies before an empty range need not be memory at all.
  if (from >= to) return 0;
  for (; from + GROUP <= to; from += GROUP) {
    let low = i32x4.splat(0);
    let high = low;
    let at = from - (REACH - 1);
    for (; at < from; at++) {
      low = i32x4.add(i32x4.shl(low, 1), gear4(at));
      high = i32x4.add(i32x4.shl(high, 1), gear4(at + 4 * STRIDE));
    }
    let least = i32x4.splat(-1);
    const end = from + STRIDE;
    for (; at < end; at++) {
      low = i32x4.add(i32x4.shl(low, 1), gear4(at));
      high = i32x4.add(i32x4.shl(high, 1), gear4(at + 4 * STRIDE));
      least = i32x4.min_u(least, i32x4.min_u(low, high));
    }
    if (v128.any_true(i32x4.lt_u(least, i32x4.splat(limit)))) break;
  }
  return scanPlain(from, to, limit);
}

/** {@link scan}, one byte after the other. */
function scanPlain(from: usize, to: usize, limit: u32): usize {
  let h: u32 = 0;
  let at = from - (REACH - 1);
  for (; at < from; at++) h = (h << 1) + gear(at);
  for (; at < to; at++) {
    h = (h << 1) + gear(at);
    if (h < limit) return at + 1;
  }
  return 0;
}

/** The table's entry for the byte at `at`. */
function gear(at: usize): u32 {
  return load<u32>(table + ((<usize>load<u8>(at)) << 2));
}

/** The entries for four bytes, one stride apart. */
function gear4(at: usize): v128 {
  let entries = v128.load_zero<u32>(table + ((<usize>load<u8>(at)) << 2));
  entries = v128.load_lane<u32>(table + ((<usize>load<u8>(at + STRIDE)) << 2), entries, 1);
  entries = v128.load_lane<u32>(table + ((<usize>load<u8>(at + 2 * STRIDE)) << 2), entries, 2);
  return v128.load_lane<u32>(table + ((<usize>load<u8>(at + 3 * STRIDE)) << 2), entries, 3);
}

/** Where the judging ends, with these bytes or with the longest chunk. */
function endOf(from: usize, to: usize, max: u32): usize {
  assert(window <= from && from <= to);
  assert(to <= (<usize>memory.size()) << 16);
  return lower(from + max, to);
}

function lower(a: usize, b: usize): usize {
  return a < b ? a : b;
}
