import type { RekorEntry } from './entry.ts';
import type { Proof } from './prove.ts';
import { digestIn, signersOf } from './signers.ts';

/** What was searched for: a hex digest, the SHA-256 of a key or certificate, or an email address. */
export type Wanted = { readonly kind: 'digest' | 'signer' | 'email'; readonly value: string };

/**
 * Is the entry about what was searched for? A log may answer a search with true entries of something else. What the entry alone cannot show (the
 * subjects of a statement that the log does not keep) is said to be the log's word.
 */
export function proveMatch(entry: RekorEntry, { kind, value }: Wanted): Proof {
  const signers = signersOf(entry);
  const unknown = signers.some((signer) => signer.kind === 'unknown');
  const [found, canTell] =
    kind === 'digest'
      ? [isAbout(entry, value), entry.attestation !== undefined || entry.parsed.kind === 'hashedrekord']
      : kind === 'signer'
        ? [signers.some(({ sha256 }) => sha256 === value), !unknown]
        : [signers.some(({ names }) => names?.toLowerCase().includes(value.toLowerCase()) === true), !unknown];
  if (found) return { name: 'match', outcome: 'passed', message: 'it is about what was searched for' };
  return canTell
    ? { name: 'match', outcome: 'failed', message: 'it is not about what was searched for' }
    : { name: 'match', outcome: 'skipped', message: 'that it is about what was searched for is the log’s word' };
}

function isAbout(entry: RekorEntry, hex: string): boolean {
  return digestIn(entry)?.endsWith(hex) === true || entry.body.includes(hex) || entry.attestation?.includes(hex) === true;
}
