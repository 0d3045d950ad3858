// Inputs of the golden vectors, generated: they cover every kind of block and match, segment borders, and sizes around them.

/** xorshift32: the same numbers everywhere. */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function noise(length: number, seed: number): Uint8Array {
  const next = random(seed);
  return Uint8Array.from({ length }, () => next() & 0xff);
}

const words = 'the of and a to in provenance digest layer image package debian sign verify log entry key 0 1 2 \n'.split(' ');

function prose(length: number, seed: number): Uint8Array {
  const next = random(seed);
  const out = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const word = words[next() % words.length] as string;
    for (const character of `${word} `) if (at < length) out[at++] = character.charCodeAt(0);
  }
  return out;
}

/** Records of 64 bytes that differ in a few, as symbol tables do. */
function records(length: number, seed: number): Uint8Array {
  const next = random(seed);
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at++) out[at] = at % 64 < 6 ? next() & 0x3f : (at % 64) ^ (at >> 14);
  return out;
}

/** Copies from far behind: distances up to the window's end and beyond. */
function echoes(length: number, seed: number): Uint8Array {
  const next = random(seed);
  const out = noise(length, seed + 1);
  for (let at = 40_000; at + 400 < length; at += 300 + (next() % 700)) {
    const distance = 32_760 + (next() % 16);
    const size = 3 + (next() % 300);
    out.copyWithin(at, at - distance, at - distance + size);
  }
  return out;
}

/** Short stretches of each kind in turn, and between them repeats of 80 to 120 bytes with more than one earlier copy. */
function patchwork(length: number, seed: number): Uint8Array {
  const next = random(seed);
  const kinds = [noise, prose, records];
  const parts: Uint8Array[] = [];
  let total = 0;
  for (let turn = 0; total < length; turn++) {
    const made = (kinds[next() % 3] as typeof noise)(500 + (next() % 9000), seed + turn);
    const earlier = parts[next() % Math.max(1, parts.length)] ?? made;
    const start = next() % Math.max(1, earlier.length - 130);
    const repeated = Array.from({ length: 6 }, () => earlier.subarray(start + (next() % 3), start + 80 + (next() % 40)));
    parts.push(made, ...repeated);
    total = parts.reduce((sum, part) => sum + part.length, 0);
  }
  return Buffer.concat(parts).subarray(0, length);
}

export const goldenInputs: Readonly<Record<string, () => Uint8Array>> = {
  empty: () => new Uint8Array(0),
  'one byte': () => Uint8Array.of(42),
  'three bytes': () => Uint8Array.of(1, 1, 1),
  'zeros, 1000': () => new Uint8Array(1000),
  'zeros, 3 MiB and 7': () => new Uint8Array(3 * 2 ** 20 + 7),
  'all bytes': () => Uint8Array.from({ length: 256 }, (_, index) => index),
  'noise, 100000': () => noise(100_000, 1),
  'noise, one segment': () => noise(2 ** 20, 2),
  'noise, one segment and 1': () => noise(2 ** 20 + 1, 3),
  'prose, 50': () => prose(50, 4),
  'prose, 70000': () => prose(70_000, 5),
  'prose, one segment less 1': () => prose(2 ** 20 - 1, 6),
  'prose, two segments and 12345': () => prose(2 * 2 ** 20 + 12_345, 7),
  'records, 1500000': () => records(1_500_000, 8),
  'echoes, 1200000': () => echoes(1_200_000, 9),
  'noise, then prose, then zeros': () => Buffer.concat([noise(30_000, 10), prose(400_000, 11), new Uint8Array(90_000), noise(70_000, 12)]),
  'patchwork, 600000': () => patchwork(600_000, 14),
  'skewed bytes': () => {
    const next = random(13);
    // Frequencies like Fibonacci's numbers: without a limit, codes would be longer than 15 bits.
    return Uint8Array.from({ length: 800_000 }, () => Math.clz32(next()) * 7 + Math.clz32(next()));
  },
};
