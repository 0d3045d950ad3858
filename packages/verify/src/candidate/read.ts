import { decodePem, digestOf, type Digest } from '@colophon/core';
import { legacyAnnotations, parseBundle, parseEnvelope, parseRekorBundle, type BundleKey, type TlogEntry } from '@colophon/sign';
import type { Candidate, CandidateSource, SignedCandidate, SignedContent } from './candidate.ts';

/** Reads a candidate; what cannot be read is a candidate too, with the reason. */
function attempt(source: CandidateSource, read: () => Omit<SignedCandidate, 'source'>): Candidate {
  try {
    return { source, ...read() };
  } catch (error) {
    return { source, problem: (error as Error).message };
  }
}

export function bundleCandidate(bytes: Uint8Array, where: string): Candidate {
  return attempt({ kind: 'bundle', where, digest: digestOf(bytes) }, () => {
    const { content, key, tlogEntries, timestamps } = parseBundle(bytes);
    return { key, tlogEntries, timestamps, content: contentOf(content) };
  });
}

function contentOf(content: ReturnType<typeof parseBundle>['content']): SignedContent {
  if (content.kind === 'dsse') return { kind: 'dsse', envelope: content.envelope, bytes: Buffer.from(JSON.stringify(content.envelope)) };
  const names = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const;
  return {
    kind: 'message',
    signature: content.signature,
    ...(content.digest === undefined ? {} : { digest: { algorithm: names[content.digest.algorithm], bytes: content.digest.bytes } }),
  };
}

export interface LegacyLayer {
  readonly kind: 'legacy-signature' | 'legacy-attestation';
  readonly where: string;
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A layer of a `.sig` or `.att` manifest (cosign, specs/SIGNATURE_SPEC.md). */
export function legacyCandidate({ kind, where, digest, bytes, annotations }: LegacyLayer): Candidate {
  return attempt({ kind, where, digest }, () => {
    const content: SignedContent =
      kind === 'legacy-attestation'
        ? { kind: 'dsse', envelope: parseEnvelope(bytes), bytes }
        : { kind: 'message', signature: strictBase64(annotations[legacyAnnotations.signature], 'signature'), payload: bytes };
    const rekor = annotations[legacyAnnotations.bundle];
    return {
      content,
      key: legacyKey(annotations),
      tlogEntries: rekor === undefined ? [] : [legacyEntry(rekor)],
      timestamps: legacyTimestamp(annotations[legacyAnnotations.timestamp]),
    };
  });
}

/** The leaf alone counts: authorities come from the trusted root, never from beside the signature. */
function legacyKey(annotations: Readonly<Record<string, string>>): BundleKey {
  const pem = annotations[legacyAnnotations.certificate];
  if (pem === undefined || pem === '') return { kind: 'publicKey', hint: '' };
  const [block] = decodePem(pem);
  if (block?.label !== 'CERTIFICATE') throw new TypeError('the certificate annotation holds no certificate');
  return { kind: 'certificate', der: block.der };
}

function legacyEntry(text: string): TlogEntry {
  const { payload, signedEntryTimestamp } = parseRekorBundle(text);
  const canonicalizedBody = Buffer.from(payload.body, 'base64');
  const { kind, apiVersion } = JSON.parse(canonicalizedBody.toString('utf8')) as { kind: unknown; apiVersion: unknown };
  return {
    logIndex: payload.logIndex,
    logId: Buffer.from(payload.logID, 'hex'),
    kind: String(kind),
    version: String(apiVersion),
    integratedTime: payload.integratedTime,
    signedEntryTimestamp: Buffer.from(signedEntryTimestamp, 'base64'),
    canonicalizedBody,
  };
}

function legacyTimestamp(text: string | undefined): Buffer[] {
  if (text === undefined || text === '') return [];
  const value = JSON.parse(text) as { SignedRFC3161Timestamp?: unknown } | null;
  return [strictBase64(value?.SignedRFC3161Timestamp, 'timestamp')];
}

function strictBase64(value: unknown, what: string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
  if (bytes === undefined || bytes.length === 0 || bytes.toString('base64') !== value)
    throw new TypeError(`the ${what} annotation is not base64`);
  return bytes;
}
