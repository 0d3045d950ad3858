import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { homedir } from 'node:os';
import { ColophonError, errorCode, parseJson } from '@colophon/core';
import type { Flag, Invocation } from '../command/command.ts';
import { text } from '../command/command.ts';
import { cliErrors } from '../errors.ts';

/** Options of every command that talks to a server. */
export const connectionFlags: Readonly<Record<string, Flag>> = {
  server: { kind: 'text', placeholder: 'URL', brief: 'Address of the server (default: the one of the data directory; $COLOPHON_SERVER)' },
  token: {
    kind: 'text',
    placeholder: 'FILE',
    brief: 'File that holds the token (default: admin.token in the data directory; $COLOPHON_TOKEN holds the token itself)',
  },
  data: { kind: 'text', placeholder: 'DIR', brief: 'Data directory (default: ~/.local/share/colophon; $COLOPHON_DATA)' },
  namespace: { kind: 'text', placeholder: 'NAME', default: 'default', brief: 'Namespace of runs' },
};

export interface Api {
  readonly url: string;
  readonly token: string | undefined;
  get(path: string): Promise<unknown>;
  send(method: string, path: string, body: unknown, contentType?: string): Promise<unknown>;
  /** A response as it comes: logs, watches. */
  stream(path: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

export function dataDirectory(invocation: Invocation): string {
  const given = text(invocation, 'data') ?? process.env['COLOPHON_DATA'];
  if (given !== undefined && given !== '') return resolve(given);
  return join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'colophon');
}

/** Flag, then environment, then what the server wrote into its data directory. */
export async function connect(invocation: Invocation): Promise<Api> {
  const data = dataDirectory(invocation);
  const url = text(invocation, 'server') ?? process.env['COLOPHON_SERVER'] ?? (await readWord(join(data, 'server.url')));
  if (url === undefined || !URL.canParse(url)) {
    throw cliErrors.error('CLI_SERVER_UNREACHABLE', `no server is known: ${join(data, 'server.url')} is missing`, {
      hint: 'Start one with `colophon server`, or name one with --server.',
    });
  }
  const tokenFile = text(invocation, 'token');
  const token =
    tokenFile === undefined ? (process.env['COLOPHON_TOKEN'] ?? (await readWord(join(data, 'admin.token')))) : await readWord(tokenFile);
  if (tokenFile !== undefined && token === undefined) throw cliErrors.error('CLI_FILE_INVALID', `cannot read the token file ${tokenFile}`);
  return createApi(url.replace(/\/$/, ''), token);
}

async function readWord(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'EACCES') return undefined;
    throw error;
  }
}

export function createApi(url: string, token: string | undefined): Api {
  async function request(
    method: string,
    path: string,
    init: { body?: string; contentType?: string; signal?: AbortSignal | undefined },
  ): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(init.body === undefined ? {} : { 'content-type': init.contentType ?? 'application/json' }),
        },
        ...(init.body === undefined ? {} : { body: init.body }),
        ...(init.signal === undefined ? {} : { signal: init.signal }),
      });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      throw cliErrors.error('CLI_SERVER_UNREACHABLE', `no server answers at ${url}`, { cause });
    }
    if (!response.ok) throw await refusal(response, method, path);
    return response;
  }

  return {
    url,
    token,
    get: async (path) => parseJson(await (await request('GET', path, {})).text(), path),
    send: async (method, path, body, contentType) =>
      parseJson(
        await (await request(method, path, { body: JSON.stringify(body), ...(contentType === undefined ? {} : { contentType }) })).text(),
        path,
      ),
    async stream(path, signal) {
      const { body } = await request('GET', path, { signal });
      return body ?? new ReadableStream();
    },
  };
}

/** The server's own error where it sent one (ours, or a Kubernetes Status). */
async function refusal(response: Response, method: string, path: string): Promise<ColophonError> {
  const body = (await response.text()).slice(0, 65_536);
  let parsed: Record<string, unknown> = {};
  try {
    parsed = parseJson(body) as Record<string, unknown>;
  } catch {
    // Not JSON: the text itself is the message.
  }
  const record = parsed['error'] as { code?: string; message?: string; hint?: string; exit?: number } | undefined;
  if (typeof record?.code === 'string') {
    return new ColophonError(record.code, record.message ?? '', {
      ...(record.hint === undefined ? {} : { hint: record.hint }),
      exit: record.exit ?? 1,
      status: response.status,
    });
  }
  const message = typeof parsed['message'] === 'string' ? parsed['message'] : body.trim().slice(0, 300);
  const what = `${method} ${path.split('?')[0]}: ${response.status} ${message}`;
  if (response.status === 404) return cliErrors.error('CLI_NOT_FOUND', what);
  return cliErrors.error('CLI_SERVER_REFUSED', what, {
    exit: response.status === 401 || response.status === 403 ? 4 : 1,
    status: response.status,
  });
}
