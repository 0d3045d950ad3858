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
  readonly trustedRoot?: string | Uint8Array | TrustedRoot;
  /** The JSON text of a trusted root, or a parsed one. Several are joined. */
  readonly trustedRoots?: readonly (string | Uint8Array | TrustedRoot)[];
}

/** Throws VERIFY_TRUST_INVALID, SIGN_KEY_*. */
export function loadTrust({ keys = [], trustedRoot, trustedRoots = [] }: TrustOptions): Trust {
  const given = [...(trustedRoot === undefined ? [] : [trustedRoot]), ...trustedRoots];
  const roots = given.map((root) => (typeof root === 'string' || root instanceof Uint8Array ? parseTrustedRoot(root) : root));
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
