import { verify, type KeyObject } from 'node:crypto';
import { sha256Hex } from '@colophon/core';
import {
  hashLeaf,
  parseCheckpoint,
  spkiId,
  spkiNoteKey,
  timestampBytes,
  verifyInclusion,
  verifyNote,
  type Checkpoint,
} from '@colophon/log';
import { loadPublicKey, pae } from '@colophon/sign';
import type { RekorEntry } from './entry.ts';

/** One thing that was checked. Skipped: there was nothing to check. */
export interface Proof {
  readonly name: 'id' | 'timestamp' | 'inclusion' | 'checkpoint' | 'attestation' | 'match';
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly message: string;
}

/** Every proof of an entry, held against the log's key. The log may be hostile: only what passed here counts. */
export function proveEntry(entry: RekorEntry, key: KeyObject): Proof[] {
  const proof = entry.inclusionProof;
  return [
    check('id', () => {
      if (!entry.uuid.endsWith(hashLeaf(entry.body).toString('hex'))) throw new Error('the id is not the hash of the entry');
      return 'the id is the hash of the entry';
    }),
    check('timestamp', () => proveTimestamp(entry, key)),
    check('inclusion', () => {
      if (proof === undefined) throw new Error('the log gave no inclusion proof');
      verifyInclusion(
        { index: proof.logIndex, size: proof.treeSize, leafHash: hashLeaf(entry.body), hashes: proof.hashes },
        proof.rootHash,
      );
      return `leaf ${proof.logIndex} of a tree of ${proof.treeSize}`;
    }),
    check('checkpoint', () => {
      if (proof === undefined) throw new Error('the log gave no checkpoint');
      const { origin, size, rootHash } = proveCheckpoint(proof.checkpoint, key);
      if (size !== proof.treeSize || !rootHash.equals(proof.rootHash)) throw new Error('the checkpoint is of another tree than the proof');
      return `signed by the log ${origin}`;
    }),
    proveAttestation(entry),
  ];
}

/** Signed by this key, whatever name the note gives it: a log is known by its key. */
export function proveCheckpoint(signed: string, key: KeyObject): Checkpoint {
  const { checkpoint, note } = parseCheckpoint(signed);
  const hint = spkiId(key).subarray(0, 4);
  const name = note.signatures.find((line) => line.hint.equals(hint))?.name;
  if (name === undefined) throw new Error('the checkpoint is not signed with the log’s key');
  verifyNote(note, spkiNoteKey(name, key));
  return checkpoint;
}

function proveTimestamp(entry: RekorEntry, key: KeyObject): string {
  if (entry.signedEntryTimestamp === undefined) throw new Error('the log gave no signed entry timestamp');
  if (entry.logID !== spkiId(key).toString('hex'))
    throw new Error(`the entry is of the log ${entry.logID.slice(0, 16)}…, which has another key`);
  const bytes = timestampBytes({
    body: entry.bodyText,
    integratedTime: entry.integratedTime,
    logID: entry.logID,
    logIndex: entry.logIndex,
  });
  if (!verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key, entry.signedEntryTimestamp))
    throw new Error('the signed entry timestamp does not verify');
  return `promised at ${new Date(entry.integratedTime * 1000).toISOString()}`;
}

/** The attestation is not in the tree, only its hash; the signature over it is in the entry. */
function proveAttestation({ attestation, parsed }: RekorEntry): Proof {
  if (attestation === undefined || parsed.kind !== 'intoto')
    return { name: 'attestation', outcome: 'skipped', message: 'the log keeps none for this entry' };
  return check('attestation', () => {
    const content = (parsed.spec as { content?: IntotoContent }).content;
    if (content?.payloadHash?.value !== sha256Hex(attestation))
      throw new Error('the attestation is not the one whose hash is in the entry');
    const { payloadType, signatures = [] } = content.envelope ?? {};
    if (payloadType === undefined || signatures.length === 0) return 'its hash is in the entry';
    const message = pae(payloadType, attestation);
    for (const { sig, publicKey } of signatures) {
      const pem = Buffer.from(publicKey ?? '', 'base64').toString();
      if (pem.includes('BEGIN CERTIFICATE')) continue;
      // What the field holds is the envelope's own base64, in base64 again.
      const signature = Buffer.from(Buffer.from(sig ?? '', 'base64').toString('latin1'), 'base64');
      if (!loadPublicKey(pem).verify(message, signature)) throw new Error('the signature in the entry is not over this attestation');
    }
    return 'its hash and signature are in the entry';
  });
}

interface IntotoContent {
  readonly payloadHash?: { readonly value?: string };
  readonly envelope?: {
    readonly payloadType?: string;
    readonly signatures?: readonly { readonly sig?: string; readonly publicKey?: string }[];
  };
}

function check(name: Proof['name'], work: () => string): Proof {
  try {
    return { name, outcome: 'passed', message: work() };
  } catch (error) {
    return { name, outcome: 'failed', message: (error as Error).message };
  }
}
