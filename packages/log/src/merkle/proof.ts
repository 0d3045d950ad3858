import { logErrors } from '../errors.ts';
import { emptyRoot, hashNode } from './hash.ts';

/** A complete subtree: leaves [index * 2^level, (index + 1) * 2^level). */
export interface NodeId {
  readonly level: number;
  readonly index: number;
}

/** Gives the hash of a complete subtree; called only for subtrees that lie within the tree. */
export type NodeReader = (node: NodeId) => Buffer;

/** The largest power of two smaller than `size` (RFC 9162 section 2.1.1, `k`); size > 1. Exact up to 2^53. */
export function splitPoint(size: number): number {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

/** The complete subtrees, from left to right, that make up leaves [start, end); `start` is a multiple of their span. */
export function subtreesOf(start: number, end: number): NodeId[] {
  const nodes: NodeId[] = [];
  while (start < end) {
    let level = 0;
    let span = 1;
    while (span * 2 <= end - start) {
      span *= 2;
      level += 1;
    }
    nodes.push({ level, index: start / span });
    start += span;
  }
  return nodes;
}

/** A run of leaves whose tree hash is one element of a proof. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** PATH(m, D_n) of RFC 9162 section 2.1.3.1 as runs of leaves, in the order of the proof. */
export function inclusionRanges(index: number, size: number): Range[] {
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size)) {
    throw logErrors.error('LOG_SIZE_UNKNOWN', `no leaf ${index} in a tree of ${size}`);
  }
  const path: Range[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  return path.toReversed();
}

/** PROOF(m, D_n) of RFC 9162 section 2.1.4.1 as runs of leaves; empty for equal sizes and for the empty tree. */
export function consistencyRanges(first: number, second: number): Range[] {
  if (!(Number.isSafeInteger(first) && Number.isSafeInteger(second) && first >= 0 && first <= second)) {
    throw logErrors.error('LOG_SIZE_UNKNOWN', `no consistency proof from size ${first} to ${second}`);
  }
  if (first === 0 || first === second) return [];
  const path: Range[] = [];
  let start = 0;
  let end = second;
  while (first !== end) {
    const middle = start + splitPoint(end - start);
    if (first <= middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  if (start !== 0) path.push({ start, end });
  return path.toReversed();
}

/** The tree hash of a run of leaves that begins at a multiple of its largest subtree, as all runs of proofs do. */
export function rangeHash({ start, end }: Range, read: NodeReader): Buffer {
  const hashes = subtreesOf(start, end).map(read);
  let hash = hashes.pop();
  if (hash === undefined) return emptyRoot;
  for (const left of hashes.toReversed()) hash = hashNode(left, hash);
  return hash;
}

export function rootHash(size: number, read: NodeReader): Buffer {
  return rangeHash({ start: 0, end: size }, read);
}
