import { sha256 } from '@colophon/core';

/** Whether the tree of `second` entries is an extension of the tree of `first` (RFC 9162, 2.1.4.2). Sizes from 0; hashes of 32 bytes. */
export function isConsistent(
  first: number,
  second: number,
  firstRoot: Uint8Array,
  secondRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (first > second || proof.length > 64) return false;
  if (first === second) return proof.length === 0 && same(firstRoot, secondRoot);
  if (first === 0) return proof.length === 0;
  const path = isPowerOfTwo(first) ? [firstRoot, ...proof] : [...proof];
  let [node, size] = [BigInt(first - 1), BigInt(second - 1)];
  while (node & 1n) [node, size] = [node >> 1n, size >> 1n];
  const start = path.shift();
  if (start === undefined) return false;
  let [fromFirst, fromSecond] = [start, start];
  for (const hash of path) {
    if (size === 0n) return false;
    if (node & 1n || node === size) {
      fromFirst = parent(hash, fromFirst);
      fromSecond = parent(hash, fromSecond);
      while (!(node & 1n) && node !== 0n) [node, size] = [node >> 1n, size >> 1n];
    } else {
      fromSecond = parent(fromSecond, hash);
    }
    [node, size] = [node >> 1n, size >> 1n];
  }
  return size === 0n && same(fromFirst, firstRoot) && same(fromSecond, secondRoot);
}

function parent(left: Uint8Array, right: Uint8Array): Buffer {
  return sha256(Buffer.concat([Buffer.from([1]), left, right]));
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}
