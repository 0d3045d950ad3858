import { join } from 'node:path';
import { machineMirrors, type DebianProgress } from '@colophon/debian';
import { dataDirectory } from '../client/api.ts';
import { many, text, type Flag, type Invocation } from '../command/command.ts';
import { cliErrors } from '../errors.ts';
import { bytes } from '../output/table.ts';
import type { Step } from '../output/output.ts';

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

export interface Sources {
  readonly mirrors: { archive: readonly string[]; security: readonly string[] };
  readonly keyrings?: readonly string[];
}

export function sources(invocation: Invocation): Sources {
  const machine = machineMirrors();
  const given = (name: string, otherwise: readonly string[]) => {
    const urls = many(invocation, name);
    for (const url of urls) {
      if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url)) throw cliErrors.error('CLI_USAGE', `not the address of a mirror: ${url}`);
    }
    return urls.length > 0 ? urls : otherwise;
  };
  const keyrings = many(invocation, 'keyring');
  return {
    mirrors: { archive: given('mirror', machine.archive), security: given('securityMirror', machine.security) },
    ...(keyrings.length === 0 ? {} : { keyrings }),
  };
}

/** Where what is fetched and encoded is kept between runs of commands: `cache/` of the data directory, unless --cache names another. */
export function cacheDirectory(invocation: Invocation, part: 'debian' | 'layers'): string {
  return join(text(invocation, 'cache') ?? join(dataDirectory(invocation), 'cache'), part);
}

/** Shows what fetching and verifying tell on the way. */
export function showProgress(step: Step): (event: DebianProgress) => void {
  return (event) => {
    if (event.kind === 'suite') step.update(`${event.suite} of ${event.date}, signed by ${event.signedBy.length} trusted keys`);
    else if (event.kind === 'index') step.update(event.path);
    else if (event.kind === 'resolved') step.update(`${event.packages} packages, ${bytes(event.size)}`);
    else if (event.kind === 'chain') step.update(`${event.suite}: vouched for by ${event.level}`);
    else step.update(`${event.packages} of ${event.of} packages, ${bytes(event.received)} of ${bytes(event.total)}`);
  };
}
