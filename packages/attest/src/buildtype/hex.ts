import { attestErrors } from '../errors.ts';

export function factsInvalid(what: string): Error {
  return attestErrors.error('ATTEST_FACTS_INVALID', `the record of the run cannot be attested: ${what}`);
}

/** The hex of a `sha256:…` digest. Throws ATTEST_FACTS_INVALID. */
export function hexOf(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined) throw factsInvalid(`it names ${JSON.stringify(digest)}, which is no SHA-256 digest`);
  return hex;
}
