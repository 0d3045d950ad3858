import { join } from 'node:path';
import { dockerCredentials, type FindCredentials } from '@colophon/oci';
import { dataDirectory } from './api.ts';
import type { Invocation } from '../command/command.ts';

/** docker's configuration, as every client reads it; then the one that the server wrote into its data directory. */
export async function credentials(invocation: Invocation): Promise<FindCredentials> {
  const own = dockerCredentials(join(dataDirectory(invocation), 'docker', 'config.json'));
  const docker = dockerCredentials();
  return async (registry) => (await docker(registry)) ?? (await own(registry));
}
