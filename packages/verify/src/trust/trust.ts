import { loadPublicKey, type VerifyingKey } from '@colophon/sign';
import { parseTrustedRoot, type TrustedRoot } from './trusted-root.ts';

/** What the verifier believes in; nothing else counts. */
export interface Trust {
  /** Keys that may sign by themselves. */
  readonly keys: readonly VerifyingKey[];
  /** Logs, certificate and timestamp authorities. */
  readonly root: TrustedRoot;
}

export interface TrustOptions {
  /** PEM. */
  readonly keys?: readonly string[];
  /** The JSON text of a trusted root, or a parsed one. Several are joined. */
  readonly trustedRoots?: readonly (string | Uint8Array | TrustedRoot)[];
}

/** Throws VERIFY_TRUST_INVALID, SIGN_KEY_*. */
export function loadTrust({ keys = [], trustedRoots = [] }: TrustOptions): Trust {
  const roots = trustedRoots.map((root) => (typeof root === 'string' || root instanceof Uint8Array ? parseTrustedRoot(root) : root));
  return {
    keys: keys.map(loadPublicKey),
    root: {
      tlogs: roots.flatMap(({ tlogs }) => tlogs),
      ctlogs: roots.flatMap(({ ctlogs }) => ctlogs),
      certificateAuthorities: roots.flatMap(({ certificateAuthorities }) => certificateAuthorities),
      timestampAuthorities: roots.flatMap(({ timestampAuthorities }) => timestampAuthorities),
    },
  };
}
