import type { Flag } from '../command/command.ts';

/** Options of commands that fetch from Debian's archives. */
export const mirrorFlags: Readonly<Record<string, Flag>> = {
  mirror: {
    kind: 'text',
    placeholder: 'URL',
    many: true,
    brief: 'Mirror of the Debian archive, tried in turn (default: $COLOPHON_DEBIAN_MIRROR, else the apt sources of this machine)',
  },
  securityMirror: {
    kind: 'text',
    placeholder: 'URL',
    many: true,
    brief: 'Mirror of the security archive (default: $COLOPHON_DEBIAN_SECURITY_MIRROR, else the apt sources)',
  },
  keyring: {
    kind: 'text',
    placeholder: 'FILE',
    many: true,
    brief: 'Keyring that vouches for the archive (default: the Debian archive keyrings of this machine)',
  },
};
