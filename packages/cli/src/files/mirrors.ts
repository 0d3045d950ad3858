import { join } from 'node:path';
import { machineMirrors, type DebianProgress } from '@colophon/debian';
import { dataDirectory } from '../client/api.ts';
import { many, text, type Invocation } from '../command/command.ts';
import { cliErrors } from '../errors.ts';
import { bytes } from '../output/table.ts';
import type { Step } from '../output/output.ts';

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
