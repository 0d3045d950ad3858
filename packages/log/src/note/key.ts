import { createHash, verify, type KeyObject } from 'node:crypto';
import { logErrors } from '../errors.ts';
import type { Note } from './note.ts';

/** A key that signs notes: its name, the hint it uses and how it signs. */
export interface NoteKey {
  readonly name: string;
  readonly hint: Buffer;
  readonly key: KeyObject;
}

/** SHA-256 of the key's SubjectPublicKeyInfo: the log id of Rekor v1, and the source of its key hint. */
export function spkiId(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** The C2SP signed-note key id of an Ed25519 key: SHA-256(name "\n" 0x01 raw key), of which the hint is the beginning. */
export function ed25519NoteId(name: string, key: KeyObject): Buffer {
  const raw = key.export({ type: 'spki', format: 'der' }).subarray(-32);
  return createHash('sha256').update(name).update('\n').update(Buffer.of(0x01)).update(raw).digest();
}

/** The key of a log whose hint is the beginning of SHA-256(SPKI): all of Rekor v1, and ECDSA in C2SP (type 0x02). */
export function spkiNoteKey(name: string, key: KeyObject): NoteKey {
  return { name, hint: spkiId(key).subarray(0, 4), key };
}

/**
 * Succeeds if one signature of the note is by this key. Lines of unknown keys are ignored; a line with our name and
 * hint that does not verify is a forgery, whatever else the note carries (C2SP signed-note, "Verification").
 * Throws LOG_NOTE_SIGNATURE.
 */
export function verifyNote(note: Note, { name, hint, key }: NoteKey): void {
  const ours = note.signatures.filter((line) => line.name === name && line.hint.equals(hint));
  if (ours.length === 0) {
    throw logErrors.error('LOG_NOTE_SIGNATURE', `the note is not signed by ${name} with key ${hint.toString('hex')}`, {
      details: {
        expected: `${name}+${hint.toString('hex')}`,
        found: note.signatures.map((line) => `${line.name}+${line.hint.toString('hex')}`),
      },
    });
  }
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  for (const line of ours) {
    if (!verify(algorithm, Buffer.from(note.text), key, line.signature)) {
      throw logErrors.error('LOG_NOTE_SIGNATURE', `the note's signature by ${name} does not verify`);
    }
  }
}
