import type { Finding } from '@colophon/runner';
import { connect, type Api } from '../../client/api.ts';
import type { Invocation } from '../../command/command.ts';
import { version } from '../../version.ts';
import { heardDate, type HeardDate } from './clock.ts';

const timeout = 5000;

/** The server with its registry and log, as a client finds them. That none runs is no fault of the machine. */
export async function serverFindings(invocation: Invocation): Promise<{ findings: Finding[]; dates: HeardDate[] }> {
  let api: Api;
  try {
    api = await connect(invocation);
  } catch {
    return {
      findings: [{ name: 'server', state: 'limited', found: 'none is known', advice: 'Start one with `colophon server`.' }],
      dates: [],
    };
  }
  const health = await ask(api, '/healthz');
  if (health === undefined) {
    return {
      findings: [
        {
          name: 'server',
          state: 'limited',
          found: `none answers at ${api.url}`,
          advice: 'Start it with `colophon server`, or name it with --server.',
        },
      ],
      dates: [],
    };
  }
  const findings = await Promise.all([serverVersion(api), part(api, 'registry', '/v2/'), part(api, 'log', '/api/v1/log')]);
  return { findings, dates: heardDate(api.url, health.headers.get('date')) };
}

async function serverVersion(api: Api): Promise<Finding> {
  const name = 'server';
  const response = await ask(api, '/colophon/v1/version');
  if (response?.ok !== true) {
    const refused = response?.status === 401 || response?.status === 403;
    return {
      name,
      state: 'limited',
      found: `${api.url} ${refused ? 'takes our token for none of an administrator' : 'does not say its version'}`,
      ...(refused ? { advice: 'Name the token’s file with --token.' } : {}),
    };
  }
  const { version: found } = (await response.json().catch(() => ({}))) as { version?: unknown };
  const own = version();
  return found === own
    ? { name, state: 'good', found: `${api.url}, version ${own}` }
    : {
        name,
        state: 'limited',
        found: `${api.url}, version ${String(found)}; this is ${own}`,
        advice: 'Use the same version on both sides.',
      };
}

async function part(api: Api, name: string, path: string): Promise<Finding> {
  const response = await ask(api, path);
  await response?.body?.cancel();
  if (response?.ok === true) return { name, state: 'good', found: `${api.url}${path} answers` };
  return {
    name,
    state: 'missing',
    found: `${api.url}${path} answers ${response?.status ?? 'nothing'}`,
    advice: 'See the server’s output.',
  };
}

async function ask(api: Api, path: string): Promise<Response | undefined> {
  try {
    const headers = api.token === undefined ? {} : { authorization: `Bearer ${api.token}` };
    return await fetch(`${api.url}${path}`, { headers, signal: AbortSignal.timeout(timeout) });
  } catch {
    return undefined;
  }
}
