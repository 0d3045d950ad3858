import { logErrors } from '../errors.ts';

/** Rekor's EntryID: the tree id in 16 hexadecimal digits, then the leaf hash (its "UUID") in 64. */
export function entryId(treeId: bigint, leafHash: Uint8Array): string {
  return treeId.toString(16).padStart(16, '0') + Buffer.from(leafHash).toString('hex');
}

/** Reads an EntryID or a plain UUID; undefined if it names another tree. Throws LOG_QUERY_INVALID. */
export function parseEntryId(treeId: bigint, id: string): Buffer | undefined {
  if (!/^(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{80})$/.test(id)) {
    throw logErrors.error('LOG_QUERY_INVALID', `not an entry id: ${JSON.stringify(id.slice(0, 100))}`, {
      hint: 'An entry id has 80 hexadecimal digits, or 64 without the tree id.',
    });
  }
  const tree = id.slice(0, -64);
  if (tree !== '' && BigInt(`0x${tree}`) !== treeId) return undefined;
  return Buffer.from(id.slice(-64), 'hex');
}
