import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyRoot, hashLeaf, hashNode } from '../../src/merkle/hash.ts';
import { consistencyRanges, inclusionRanges, rangeHash, rootHash, type NodeId } from '../../src/merkle/proof.ts';
import { verifyConsistency, verifyInclusion } from '../../src/merkle/verify.ts';

/** MTH of RFC 9162 section 2.1.1, word for word. */
function mth(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return emptyRoot;
  if (leaves.length === 1) return leaves[0] as Buffer;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return hashNode(mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}

const leaves = Array.from({ length: 600 }, (_, index) => hashLeaf(Buffer.from(`leaf ${index}`)));
const read = ({ level, index }: NodeId) => mth(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
const hashesOf = (ranges: { start: number; end: number }[]) => ranges.map((range) => rangeHash(range, read));

describe('RFC 6962 test vectors (certificate-transparency, "Merkle tree" reference data)', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const hashed = inputs.map((input) => hashLeaf(Buffer.from(input, 'hex')));

  it('the empty tree', () => {
    expect(emptyRoot.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it.each(roots.map((root, index) => [index + 1, root] as const))('the root of %i leaves', (size, root) => {
    const node = ({ level, index }: NodeId) => mth(hashed.slice(index * 2 ** level, (index + 1) * 2 ** level));
    expect(rootHash(size, node).toString('hex')).toBe(root);
  });
});

describe('inclusion, RFC 9162 sections 2.1.3.1 and 2.1.3.2', () => {
  it('every leaf of every small tree', () => {
    for (let size = 1; size <= 40; size += 1) {
      const root = mth(leaves.slice(0, size));
      for (let index = 0; index < size; index += 1) {
        const hashes = hashesOf(inclusionRanges(index, size));
        verifyInclusion({ index, size, leafHash: leaves[index] as Buffer, hashes }, root);
      }
    }
  });

  it('any change to a proof is refused', () => {
    const change = fc.constantFrom('flip', 'drop', 'add', 'index', 'leaf', 'root');
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 600 }), fc.nat(), change, fc.nat(), (size, seed, what, at) => {
        const index = seed % size;
        const hashes = hashesOf(inclusionRanges(index, size));
        const root = Buffer.from(mth(leaves.slice(0, size)));
        const leafHash = Buffer.from(leaves[index] as Buffer);
        const flip = (bytes: Buffer) => bytes.fill((bytes[at % 32] as number) ^ (1 << (at & 7)), at % 32, (at % 32) + 1);
        if (what === 'flip') hashes[at % hashes.length] = flip(Buffer.from(hashes[at % hashes.length] as Buffer));
        if (what === 'drop') hashes.splice(at % hashes.length, 1);
        if (what === 'add') hashes.splice(at % (hashes.length + 1), 0, hashes[0] as Buffer);
        if (what === 'leaf') flip(leafHash);
        if (what === 'root') flip(root);
        const other = what === 'index' ? (index + 1 + (at % (size - 1))) % size : index;
        expect(() => verifyInclusion({ index: other, size, leafHash, hashes }, root)).toThrow(
          expect.objectContaining({ code: 'LOG_PROOF_INVALID' }),
        );
      }),
    );
  });
});

describe('consistency, RFC 9162 sections 2.1.4.1 and 2.1.4.2', () => {
  it('every pair of small sizes, the empty tree and equal sizes included', () => {
    for (let secondSize = 0; secondSize <= 40; secondSize += 1) {
      for (let firstSize = 0; firstSize <= secondSize; firstSize += 1) {
        const hashes = hashesOf(consistencyRanges(firstSize, secondSize));
        const [firstRoot, secondRoot] = [mth(leaves.slice(0, firstSize)), mth(leaves.slice(0, secondSize))];
        verifyConsistency({ firstSize, firstRoot, secondSize, secondRoot, hashes });
      }
    }
  });

  it('a history that was rewritten is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 600 }), fc.nat(), fc.nat(), (secondSize, seed, at) => {
        const firstSize = 1 + (seed % (secondSize - 1));
        const hashes = hashesOf(consistencyRanges(firstSize, secondSize));
        const secondRoot = mth(leaves.slice(0, secondSize));
        const rewritten = leaves.slice(0, firstSize);
        rewritten[at % firstSize] = hashLeaf(Buffer.from('another'));
        expect(() => verifyConsistency({ firstSize, firstRoot: mth(rewritten), secondSize, secondRoot, hashes })).toThrow(
          expect.objectContaining({ code: 'LOG_PROOF_INVALID' }),
        );
        expect(() =>
          verifyConsistency({ firstSize, firstRoot: mth(leaves.slice(0, firstSize)), secondSize, secondRoot, hashes: hashes.slice(1) }),
        ).toThrow(expect.objectContaining({ code: 'LOG_PROOF_INVALID' }));
      }),
    );
  });
});
