import { logErrors } from '../errors.ts';
import { hashNode } from './hash.ts';

export interface InclusionProof {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Uint8Array;
  readonly hashes: readonly Uint8Array[];
}

export interface ConsistencyProof {
  readonly firstSize: number;
  readonly firstRoot: Uint8Array;
  readonly secondSize: number;
  readonly secondRoot: Uint8Array;
  readonly hashes: readonly Uint8Array[];
}

function invalid(message: string) {
  return logErrors.error('LOG_PROOF_INVALID', message);
}

function checkHashes(hashes: readonly Uint8Array[]): void {
  if (hashes.length > 63) throw invalid(`a proof of ${hashes.length} hashes is longer than any tree needs`);
  if (hashes.some((hash) => hash.length !== 32)) throw invalid('a hash in the proof is not 32 bytes long');
}

/**
 * The root to which an inclusion proof leads, RFC 9162 section 2.1.3.2. Everything in the proof is the attacker's
 * to choose; only a comparison with a root that was signed makes it mean something. Throws LOG_PROOF_INVALID.
 */
export function rootFromInclusion({ index, size, leafHash, hashes }: InclusionProof): Buffer {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) {
    throw invalid(`leaf ${index} is not in a tree of ${size}`);
  }
  checkHashes([leafHash, ...hashes]);
  let fn = index;
  let sn = size - 1;
  let root: Buffer = Buffer.from(leafHash);
  for (const hash of hashes) {
    if (sn === 0) throw invalid('the inclusion proof is too long');
    if (fn % 2 === 1 || fn === sn) {
      root = hashNode(hash, root);
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      root = hashNode(root, hash);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (sn !== 0) throw invalid('the inclusion proof is too short');
  return root;
}

/** Throws LOG_PROOF_INVALID unless the proof leads from the leaf to `root`. */
export function verifyInclusion(proof: InclusionProof, root: Uint8Array): void {
  const found = rootFromInclusion(proof);
  if (!found.equals(root)) {
    throw logErrors.error('LOG_PROOF_INVALID', 'the inclusion proof leads to another root', {
      details: { expected: Buffer.from(root).toString('hex'), found: found.toString('hex') },
    });
  }
}

function isPowerOfTwo(size: number): boolean {
  return (BigInt(size) & (BigInt(size) - 1n)) === 0n;
}

/** RFC 9162 section 2.1.4.2: the second tree contains the first as its beginning. Throws LOG_PROOF_INVALID. */
export function verifyConsistency({ firstSize, firstRoot, secondSize, secondRoot, hashes }: ConsistencyProof): void {
  if (!Number.isSafeInteger(firstSize) || !Number.isSafeInteger(secondSize) || firstSize < 0 || firstSize > secondSize) {
    throw invalid(`size ${firstSize} does not come before ${secondSize}`);
  }
  checkHashes([firstRoot, secondRoot, ...hashes]);
  if (firstSize === secondSize || firstSize === 0) {
    if (hashes.length > 0) throw invalid('the consistency proof is too long');
    if (firstSize === secondSize && !Buffer.from(firstRoot).equals(secondRoot)) throw invalid('two roots for one size');
    return;
  }
  const path = isPowerOfTwo(firstSize) ? [firstRoot, ...hashes] : [...hashes];
  const head = path.shift();
  if (head === undefined) throw invalid('the consistency proof is too short');
  let fn = firstSize - 1;
  let sn = secondSize - 1;
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  let fr: Buffer = Buffer.from(head);
  let sr: Buffer = fr;
  for (const hash of path) {
    if (sn === 0) throw invalid('the consistency proof is too long');
    if (fn % 2 === 1 || fn === sn) {
      fr = hashNode(hash, fr);
      sr = hashNode(hash, sr);
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      sr = hashNode(sr, hash);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (sn !== 0) throw invalid('the consistency proof is too short');
  if (!fr.equals(firstRoot)) throw invalid('the consistency proof does not lead to the first root');
  if (!sr.equals(secondRoot)) throw invalid('the consistency proof does not lead to the second root');
}
