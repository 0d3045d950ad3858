import { X509Certificate } from 'node:crypto';
import { decodePem, sha256Hex } from '@colophon/core';
import { loadPublicKey } from '@colophon/sign';
import type { RekorEntry } from './entry.ts';

/** Who signed what an entry is about. The log proves that it was logged so, not that the name is true. */
export interface EntrySigner {
  readonly kind: 'key' | 'certificate' | 'unknown';
  /** Hex SHA-256 of the key's SPKI, or of the certificate. */
  readonly sha256?: string;
  readonly algorithm?: string;
  /** Of a certificate: its alternative names. */
  readonly names?: string;
}

/** Keys and certificates of the kinds of entries that Rekor v1 has for signatures. */
export function signersOf({ parsed }: RekorEntry): EntrySigner[] {
  const spec = parsed.spec as Loose;
  const found =
    parsed.kind === 'intoto'
      ? [...list(spec['content']?.envelope?.signatures).map(({ publicKey }) => publicKey), spec['publicKey']]
      : parsed.kind === 'dsse'
        ? list(spec['signatures']).map(({ verifier }) => verifier)
        : [spec['signature']?.publicKey?.content];
  return found.filter((value): value is string => typeof value === 'string').map(signerOf);
}

/** The digest that an entry is about, in words of its kind. */
export function digestIn({ parsed }: RekorEntry): string | undefined {
  const spec = parsed.spec as Loose;
  const hash = parsed.kind === 'intoto' ? spec['content']?.payloadHash : parsed.kind === 'dsse' ? spec['payloadHash'] : spec['data']?.hash;
  return typeof hash?.algorithm === 'string' && typeof hash.value === 'string' ? `${hash.algorithm}:${hash.value}` : undefined;
}

/* oxlint-disable-next-line typescript/no-explicit-any -- another's JSON, of which any member may be anything */
type Loose = Record<string, any>;

function list(value: unknown): Loose[] {
  return Array.isArray(value) ? value.filter((item): item is Loose => typeof item === 'object' && item !== null) : [];
}

/** From the base64 of PEM. */
export function signerOf(base64: string): EntrySigner {
  try {
    const pem = Buffer.from(base64, 'base64').toString();
    const [block] = decodePem(pem);
    if (block?.label === 'CERTIFICATE') {
      const { subjectAltName } = new X509Certificate(block.der);
      return { kind: 'certificate', sha256: sha256Hex(block.der), ...(subjectAltName === undefined ? {} : { names: subjectAltName }) };
    }
    const { spkiSha256, algorithm } = loadPublicKey(pem);
    return { kind: 'key', sha256: spkiSha256, algorithm };
  } catch {
    return { kind: 'unknown' };
  }
}
