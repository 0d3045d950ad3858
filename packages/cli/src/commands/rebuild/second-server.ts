import type { ReplayPlan } from '@colophon/rebuild';
import type { RunningServer, ServerOptionsInput } from '@colophon/server';
import { parseGitUri } from '@colophon/source';
import { createApi, type Api } from '../../client/api.ts';

export interface SecondServer {
  readonly api: Api;
  /** `HOST:PORT`. */
  readonly registryHost: string;
  stop(): Promise<void>;
}

/** A server like the first, in this process, on a directory of its own and any free port; nobody else has its token. */
export async function startSecondServer(
  data: string,
  plan: ReplayPlan,
  mirrors: NonNullable<ServerOptionsInput['mirrors']>,
): Promise<SecondServer> {
  const { startServer } = await import('@colophon/server');
  const server: RunningServer = await startServer({
    data,
    port: 0,
    read: 'token',
    mirrors,
    logLevel: 'error',
    ...sourcePermissions(plan),
  });
  return { api: createApi(server.url, server.token), registryHost: server.registryHost, stop: () => server.stop() };
}

/**
 * Just what the verified provenance names may be fetched: its repositories, by their protocols. What they hold is
 * bound by the commit's hash, and steps that see it have no network.
 */
export function sourcePermissions(plan: Pick<ReplayPlan, 'dependencies'>): { allowSource: ('http' | 'file')[]; sourceRoots: string[] } {
  const addresses = plan.dependencies.filter(({ name = '' }) => /^(?:source|lock)\//.test(name)).map(({ uri = '' }) => parseGitUri(uri));
  const allowSource = [...new Set(addresses.map(({ protocol }) => protocol))].filter(
    (protocol) => protocol === 'http' || protocol === 'file',
  );
  return { allowSource, sourceRoots: [...new Set(addresses.filter(({ protocol }) => protocol === 'file').map(({ remote }) => remote))] };
}
