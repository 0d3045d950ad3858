import type { Digest } from '@colophon/core';
import { envelopeBytes, type Envelope } from '../dsse/envelope.ts';
import { blob, type Blob } from '../manifests/descriptor.ts';
import { rekorBundleText, type RekorBundle } from './rekor-bundle.ts';

export const legacyMediaTypes = {
  simpleSigning: 'application/vnd.dev.cosign.simplesigning.v1+json',
  envelope: 'application/vnd.dsse.envelope.v1+json',
} as const;

/** Annotations of a layer in a `.sig` or `.att` manifest (cosign, specs/SIGNATURE_SPEC.md). */
export const legacyAnnotations = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  bundle: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
  predicateType: 'predicateType',
} as const;

/** What may stand beside a legacy signature. */
export interface LegacyExtras {
  readonly rekorBundle?: RekorBundle;
  /** PEM. */
  readonly certificate?: string;
  /** PEM, intermediates and root. */
  readonly chain?: string;
}

/** The tag under which cosign keeps an image's signatures or attestations, in the image's repository. */
export function legacyTag(digest: Digest, kind: 'sig' | 'att' | 'sbom'): string {
  return `${digest.replace(':', '-')}.${kind}`;
}

/** A layer of `sha256-….sig`: the payload as it was signed, the signature (base64, over the payload) as annotation. */
export function legacySignatureLayer(payload: Uint8Array, signature: string, extras: LegacyExtras = {}): Blob {
  return blob(legacyMediaTypes.simpleSigning, payload, { [legacyAnnotations.signature]: signature, ...annotationsOf(extras) });
}

/** A layer of `sha256-….att`. The signature annotation is there and empty, as cosign writes it. */
export function legacyAttestationLayer(envelope: Envelope, predicateType: string, extras: LegacyExtras = {}): Blob {
  return blob(legacyMediaTypes.envelope, envelopeBytes(envelope), {
    [legacyAnnotations.signature]: '',
    [legacyAnnotations.predicateType]: predicateType,
    ...annotationsOf(extras),
  });
}

function annotationsOf({ rekorBundle, certificate, chain }: LegacyExtras): Record<string, string> {
  return {
    ...(rekorBundle === undefined ? {} : { [legacyAnnotations.bundle]: rekorBundleText(rekorBundle) }),
    ...(certificate === undefined ? {} : { [legacyAnnotations.certificate]: certificate }),
    ...(chain === undefined ? {} : { [legacyAnnotations.chain]: chain }),
  };
}
