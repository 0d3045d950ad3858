import { hashLeaf, parseCheckpoint, verifyInclusion, verifyNote } from '@colophon/log';
import type { InclusionProof, TlogEntry } from '@colophon/sign';
import { failed } from '../report/checks.ts';
import type { TrustedLog } from '../trust/trusted-root.ts';

/** RFC 9162 section 2.1.3.2: the entry is a leaf under the root that the proof names. Throws VERIFY_CHECK_FAILED or LOG_PROOF_INVALID. */
export function checkInclusion(entry: TlogEntry, proof: InclusionProof): void {
  const leafHash = hashLeaf(entry.canonicalizedBody);
  verifyInclusion({ index: proof.logIndex, size: proof.treeSize, leafHash, hashes: proof.hashes }, proof.rootHash);
}

/**
 * The log signed a checkpoint of just that size and root. Lines of witnesses, whose keys nobody gave us, are ignored; the log's may
 * stand anywhere. Throws VERIFY_CHECK_FAILED or LOG_NOTE_*.
 */
export function checkCheckpoint(proof: InclusionProof, log: TrustedLog): { origin: string; size: number } {
  const { checkpoint, note } = parseCheckpoint(proof.checkpoint);
  // For Rekor v1 the log id is SHA-256 of the key, for v2 the C2SP key id: the hint is its beginning in both.
  const hint = log.logId.subarray(0, 4);
  const names = hostsOf(log.baseUrl);
  const name = names.find((host) => note.signatures.some((line) => line.name === host)) ?? names[0];
  verifyNote(note, { name, hint, key: log.key });
  if (checkpoint.origin !== name && !checkpoint.origin.startsWith(`${name} - `))
    throw failed('the checkpoint is of another log', name, checkpoint.origin);
  if (checkpoint.size !== proof.treeSize || !checkpoint.rootHash.equals(proof.rootHash)) {
    throw failed(
      'the signed checkpoint is not of the tree that the proof leads to',
      { size: proof.treeSize, rootHash: proof.rootHash.toString('hex') },
      { size: checkpoint.size, rootHash: checkpoint.rootHash.toString('hex') },
    );
  }
  return { origin: checkpoint.origin, size: checkpoint.size };
}

/** Logs sign under the host name of their base URL; some old ones with its port. */
function hostsOf(baseUrl: string): [string, string] {
  try {
    const { hostname, host } = new URL(baseUrl);
    return [hostname, host];
  } catch {
    throw failed(`the trusted root gives the log the address ${JSON.stringify(baseUrl)}, which is no URL`);
  }
}
