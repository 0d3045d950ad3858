import { createHash, hash } from 'node:crypto';

/** MTH({}) of RFC 9162 section 2.1.1: the root of the tree without leaves. */
export const emptyRoot: Buffer = createHash('sha256').digest();

const leafPrefix = Buffer.of(0x00);

/** 0x01 || left || right; used by one call at a time. */
const node = Buffer.alloc(65, 0x01);

/** MTH({d}) = SHA-256(0x00 || d). */
export function hashLeaf(data: Uint8Array): Buffer {
  return createHash('sha256').update(leafPrefix).update(data).digest();
}

/** SHA-256(0x01 || left || right); both are 32 bytes long. */
export function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  if (left.length !== 32 || right.length !== 32) throw new RangeError('a node of the tree has 32 bytes');
  node.set(left, 1);
  node.set(right, 33);
  return hash('sha256', node, 'buffer');
}
