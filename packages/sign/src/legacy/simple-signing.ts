import { canonicalJsonBytes, isDigest, parseJson, type Digest } from '@colophon/core';
import { isRecord } from '../encoding/record.ts';
import { signErrors } from '../errors.ts';

/** The text that cosign (and Chains) put into `critical.type`. */
export const simpleSigningType = 'cosign container image signature';

/** Red Hat's simple signing, as cosign uses it: what a `.sig` layer holds and what its signature covers, byte for byte. */
export interface SimpleSigning {
  /** Repository, perhaps with a tag; informative only. May be empty. */
  readonly reference: string;
  readonly digest: Digest;
  /** Signed annotations; null where there are none. */
  readonly optional: Readonly<Record<string, unknown>> | null;
}

/** Bytes as cosign writes them: its members stand in alphabetical order, so canonical JSON is the same. */
export function simpleSigningPayload({ reference, digest, optional }: SimpleSigning): Buffer {
  return canonicalJsonBytes({
    critical: {
      identity: { 'docker-reference': reference },
      image: { 'docker-manifest-digest': digest },
      type: simpleSigningType,
    },
    optional,
  });
}

/** Reads a payload that a stranger wrote. Throws SIGN_LEGACY_INVALID or CORE_JSON_INVALID. */
export function parseSimpleSigning(data: Uint8Array | string): SimpleSigning {
  const value = parseJson(data, 'the simple signing payload');
  const critical = isRecord(value) ? value['critical'] : undefined;
  if (!isRecord(value) || !isRecord(critical)) throw invalid('has no critical part');
  const identity = critical['identity'];
  const image = critical['image'];
  if (critical['type'] !== simpleSigningType) throw invalid('is of another type');
  const digest = isRecord(image) ? image['docker-manifest-digest'] : undefined;
  const reference = isRecord(identity) ? identity['docker-reference'] : undefined;
  const optional = value['optional'] ?? null;
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid('names no image digest');
  if (typeof reference !== 'string') throw invalid('has no docker-reference');
  if (optional !== null && !isRecord(optional)) throw invalid('has an optional part that is not an object');
  return { reference, digest, optional };
}

function invalid(what: string): Error {
  return signErrors.error('SIGN_LEGACY_INVALID', `the simple signing payload ${what}`);
}
