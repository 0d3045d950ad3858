// RFC 1951 section 3.2.5: which symbol says a length or a distance, how many extra bits follow it, and what they count from.

export const lengthSymbols = 29;
export const distanceSymbols = 30;
export const literalSymbols = 286;
export const endOfBlock = 256;
export const maximumMatch = 258;
export const windowSize = 32768;

/** Extra bits and first value of length symbol 257 + index. */
export const lengthExtra = new Uint8Array(lengthSymbols);
export const lengthBase = new Uint16Array(lengthSymbols);
/** Length (3..258) → index of its length symbol. */
export const lengthIndex = new Uint8Array(maximumMatch + 1);

export const distanceExtra = new Uint8Array(distanceSymbols);
export const distanceBase = new Uint16Array(distanceSymbols);
const nearDistance = new Uint8Array(257);
const farDistance = new Uint8Array(256);

for (let index = 0, length = 3; index < lengthSymbols - 1; index++) {
  const extra = index < 8 ? 0 : (index - 4) >> 2;
  lengthExtra[index] = extra;
  lengthBase[index] = length;
  for (let last = length + (1 << extra); length < last; length++) lengthIndex[length] = index;
}
// 258 has a symbol of its own, although symbol 284 could say it with its largest extra bits.
lengthExtra[28] = 0;
lengthBase[28] = maximumMatch;
lengthIndex[maximumMatch] = 28;

for (let index = 0, distance = 1; index < distanceSymbols; index++) {
  const extra = index < 4 ? 0 : (index - 2) >> 1;
  distanceExtra[index] = extra;
  distanceBase[index] = distance;
  for (let last = distance + (1 << extra); distance < last; distance++) {
    if (distance <= 256) nearDistance[distance] = index;
    else farDistance[(distance - 1) >> 7] = index;
  }
}

/** Distance (1..32768) → its symbol. */
export function distanceIndex(distance: number): number {
  return (distance <= 256 ? nearDistance[distance] : farDistance[(distance - 1) >> 7]) as number;
}

/** The order in which code length codes are sent (section 3.2.7). */
export const codeLengthOrder = Uint8Array.of(16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15);
