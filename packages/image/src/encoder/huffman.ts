/**
 * Huffman code lengths for symbol frequencies, none longer than `limit` bits. Integer arithmetic only, ties broken by
 * symbol number: the same frequencies give the same lengths everywhere. Symbols of frequency 0 get length 0; a code
 * has at least one symbol of length 1 unless all frequencies are 0. Frequencies are below 2^22, symbols below 512.
 */
export function codeLengths(frequencies: Uint32Array, count: number, limit: number, lengths: Uint8Array): void {
  lengths.fill(0, 0, count);
  const keys = new Uint32Array(count);
  let used = 0;
  for (let symbol = 0; symbol < count; symbol++) {
    const frequency = frequencies[symbol] as number;
    if (frequency > 0) keys[used++] = ((frequency << 9) | symbol) >>> 0;
  }
  if (used === 0) return;
  const sorted = keys.subarray(0, used).sort();
  if (used === 1) {
    lengths[(sorted[0] as number) & 511] = 1;
    return;
  }
  const counts = limitedCounts(leafDepths(sorted), limit);
  // The rarest symbols get the longest codes.
  let next = 0;
  for (let length = limit; length > 0; length--) {
    for (let left = counts[length] as number; left > 0; left--) lengths[(sorted[next++] as number) & 511] = length;
  }
}

/** How many leaves lie at each depth of the Huffman tree over ascending keys (frequency << 9): two-queue construction. */
function leafDepths(sorted: Uint32Array): Uint32Array {
  const used = sorted.length;
  const weights = new Uint32Array(2 * used - 1);
  const parents = new Uint32Array(2 * used - 1);
  for (let index = 0; index < used; index++) weights[index] = (sorted[index] as number) >>> 9;
  let leaf = 0;
  let inner = used;
  for (let node = used; node < 2 * used - 1; node++) {
    let weight = 0;
    for (let child = 0; child < 2; child++) {
      const takeLeaf = leaf < used && (inner >= node || (weights[leaf] as number) <= (weights[inner] as number));
      const taken = takeLeaf ? leaf++ : inner++;
      weight += weights[taken] as number;
      parents[taken] = node;
    }
    weights[node] = weight;
  }
  const depths = new Uint32Array(2 * used - 1);
  const counts = new Uint32Array(used + 1);
  for (let node = 2 * used - 3; node >= 0; node--) {
    depths[node] = (depths[parents[node] as number] as number) + 1;
    if (node < used) (counts[depths[node] as number] as number)++;
  }
  return counts;
}

/** Folds leaves deeper than `limit` up, then pays for them by lengthening shorter codes until Kraft's sum is 1. */
function limitedCounts(depths: Uint32Array, limit: number): Uint32Array {
  const counts = new Uint32Array(limit + 1);
  let sum = 0;
  for (let depth = 1; depth < depths.length; depth++)
    counts[Math.min(depth, limit)] = (counts[Math.min(depth, limit)] as number) + (depths[depth] as number);
  for (let length = 1; length <= limit; length++) sum += (counts[length] as number) << (limit - length);
  for (; sum > 1 << limit; sum--) {
    (counts[limit] as number)--;
    let length = limit - 1;
    while (counts[length] === 0) length--;
    (counts[length] as number)--;
    counts[length + 1] = (counts[length + 1] as number) + 2;
  }
  return counts;
}

/** Canonical codes for lengths (section 3.2.2), bit-reversed: DEFLATE sends Huffman codes from their highest bit. */
export function canonicalCodes(lengths: Uint8Array, count: number, codes: Uint16Array): void {
  const next = new Uint16Array(17);
  for (let symbol = 0; symbol < count; symbol++) (next[(lengths[symbol] as number) + 1] as number)++;
  next[1] = 0;
  for (let length = 2; length < 17; length++) next[length] = ((next[length - 1] as number) + (next[length] as number)) << 1;
  for (let symbol = 0; symbol < count; symbol++) {
    const length = lengths[symbol] as number;
    if (length === 0) continue;
    let code = (next[length] as number)++;
    let reversed = 0;
    for (let bit = 0; bit < length; bit++, code >>= 1) reversed = (reversed << 1) | (code & 1);
    codes[symbol] = reversed;
  }
}
