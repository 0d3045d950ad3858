import { canonicalJsonBytes } from '@colophon/core';
import { bundleMediaType, type Bundle, type BundleContent, type BundleKey, type TlogEntry } from './types.ts';

export interface BundleParts {
  readonly key: Exclude<BundleKey, { kind: 'chain' }>;
  readonly content: BundleContent;
  readonly tlogEntries?: readonly TlogEntry[];
  readonly timestamps?: readonly Buffer[];
}

/** A v0.3 bundle's canonical JSON. Zero values are left out, as protobuf's JSON form does: a logIndex of 0 is no member. */
export function bundleBytes(parts: BundleParts): Buffer {
  return canonicalJsonBytes(bundleJson(parts));
}

/** The same as a value. int64 are strings, bytes are standard base64. */
export function bundleJson({ key, content, tlogEntries = [], timestamps = [] }: BundleParts): Record<string, unknown> {
  return {
    mediaType: bundleMediaType,
    verificationMaterial: {
      ...keyJson(key),
      ...(tlogEntries.length === 0 ? {} : { tlogEntries: tlogEntries.map(entryJson) }),
      ...(timestamps.length === 0
        ? {}
        : { timestampVerificationData: { rfc3161Timestamps: timestamps.map((der) => ({ signedTimestamp: base64(der) })) } }),
    },
    ...contentJson(content),
  };
}

/** Writes a read bundle again; the older versions keep their media type and chain. */
export function bundleOf(bundle: Bundle): BundleParts {
  const key = bundle.key.kind === 'chain' ? { kind: 'certificate' as const, der: bundle.key.ders[0] as Buffer } : bundle.key;
  return { key, content: bundle.content, tlogEntries: bundle.tlogEntries, timestamps: bundle.timestamps };
}

function keyJson(key: BundleParts['key']): Record<string, unknown> {
  if (key.kind === 'certificate') return { certificate: { rawBytes: base64(key.der) } };
  return { publicKey: key.hint === '' ? {} : { hint: key.hint } };
}

function contentJson(content: BundleContent): Record<string, unknown> {
  if (content.kind === 'dsse') return { dsseEnvelope: content.envelope };
  const { digest, signature } = content;
  return {
    messageSignature: {
      ...(digest === undefined ? {} : { messageDigest: { algorithm: digest.algorithm, digest: base64(digest.bytes) } }),
      signature: base64(signature),
    },
  };
}

function entryJson(entry: TlogEntry): Record<string, unknown> {
  const proof = entry.inclusionProof;
  return {
    ...int64('logIndex', entry.logIndex),
    logId: { keyId: base64(entry.logId) },
    kindVersion: { kind: entry.kind, version: entry.version },
    ...int64('integratedTime', entry.integratedTime),
    ...(entry.signedEntryTimestamp === undefined ? {} : { inclusionPromise: { signedEntryTimestamp: base64(entry.signedEntryTimestamp) } }),
    ...(proof === undefined
      ? {}
      : {
          inclusionProof: {
            ...int64('logIndex', proof.logIndex),
            rootHash: base64(proof.rootHash),
            ...int64('treeSize', proof.treeSize),
            ...(proof.hashes.length === 0 ? {} : { hashes: proof.hashes.map(base64) }),
            checkpoint: { envelope: proof.checkpoint },
          },
        }),
    canonicalizedBody: base64(entry.canonicalizedBody),
  };
}

function int64(name: string, value: number): Record<string, string> {
  return value === 0 ? {} : { [name]: String(value) };
}

function base64(data: Uint8Array): string {
  return Buffer.from(data).toString('base64');
}
