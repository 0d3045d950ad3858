import { createHash, createPublicKey } from 'node:crypto';

/** The log as clients are told about it. */
export interface TrustedLog {
  readonly baseUrl: string;
  /** PEM, SubjectPublicKeyInfo. */
  readonly publicKey: string;
  /** RFC 3339. */
  readonly validFrom: string;
}

function spki(pem: string): Buffer {
  return createPublicKey(pem).export({ type: 'spki', format: 'der' });
}

/** Trusted root (protobuf-specs sigstore_trustroot.proto, JSON form, media type version 0.1) that names this log only: keys are given beside it. */
export function trustedRoot(logs: readonly TrustedLog[]): object {
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: logs.map(({ baseUrl, publicKey, validFrom }) => ({
      baseUrl,
      hashAlgorithm: 'SHA2_256',
      publicKey: { rawBytes: spki(publicKey).toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: { start: validFrom } },
      logId: { keyId: createHash('sha256').update(spki(publicKey)).digest('base64') },
    })),
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: [],
  };
}

/** Signing config v0.2: where cosign 3 sends what it signs. */
export function signingConfig(baseUrl: string, validFrom: string): object {
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    rekorTlogUrls: [{ url: baseUrl, majorApiVersion: 1, validFor: { start: validFrom }, operator: new URL(baseUrl).hostname }],
    rekorTlogConfig: { selector: 'ANY' },
    tsaConfig: { selector: 'ANY' },
  };
}
