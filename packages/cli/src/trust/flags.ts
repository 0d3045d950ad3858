import type { Flag } from '../command/command.ts';

/** Options of commands that believe a signature: in whom, and what must be true besides. */
export const trustFlags: Readonly<Record<string, Flag>> = {
  key: { kind: 'text', placeholder: 'FILE', many: true, brief: 'Public key, PEM, that may sign (may be repeated)' },
  trustedRoot: {
    kind: 'text',
    placeholder: 'FILE',
    many: true,
    brief: 'Trusted root (Sigstore JSON): logs, certificate and timestamp authorities (may be repeated)',
  },
  server: { kind: 'text', placeholder: 'URL', brief: 'Take the keys of this Colophon server, on first use' },
  policy: { kind: 'text', placeholder: 'FILE', brief: 'Policy: what is required, who is distrusted (docs/verify.md)' },
  sourceUri: { kind: 'text', placeholder: 'URI', brief: 'The repository that the image must have as its source' },
  sourceCommit: { kind: 'text', placeholder: 'COMMIT', brief: 'The commit that it must be of, in full' },
  builderId: { kind: 'text', placeholder: 'URL', brief: 'The builder; with a slash at its end, anything below' },
  identity: { kind: 'text', placeholder: 'NAME', brief: 'Subject of the signing certificate' },
  identityPattern: { kind: 'text', placeholder: 'REGEX', brief: 'Regular expression for the whole subject of the certificate' },
  issuer: { kind: 'text', placeholder: 'URL', brief: 'OIDC issuer in the certificate' },
};
