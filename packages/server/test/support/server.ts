import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ServerOptionsInput } from '../../src/index.ts';

/** A server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** The administrator's. */
  readonly token: string;
  readonly process: ChildProcess;
  readonly pid: number;
  /** All that it has said on standard error. */
  output(): string;
  send(options: Sent): Promise<Answer>;
  json<Body = any>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Body>;
  issue(name: string, scopes: readonly object[]): Promise<string>;
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

export interface Sent {
  readonly method?: string;
  /** As it is: not normalised. */
  readonly path: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | AsyncIterable<Buffer> | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export async function startProcess(options: ServerOptionsInput): Promise<ServerProcess> {
  const child = spawn(
    process.execPath,
    [
      // What is measured is the program as it is shipped; what is tested are the sources.
      ...(process.env['COLOPHON_BUILT'] === undefined ? ['--conditions=colophon-source'] : []),
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'run-server.ts'),
      JSON.stringify({ port: 0, logLevel: 'warn', ...options }),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the server ended: ${output.slice(-2000)}`);
  });
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line') as Promise<[string]>, ended]);
  ended.catch(() => {});
  const { url, host, token } = JSON.parse(line) as { url: string; host: string; token: string };
  const send = (sent: Sent) => sendTo(host, sent);
  const server: ServerProcess = {
    url,
    host,
    token,
    process: child,
    pid: child.pid as number,
    output: () => output,
    send,
    async json(method, path, body, headers = {}) {
      const answer = await send({
        method,
        path,
        token,
        headers: { 'content-type': 'application/json', ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString().slice(0, 500)}`);
      return answer.body.length === 0 ? undefined : JSON.parse(answer.body.toString());
    },
    async issue(name, scopes) {
      return (await server.json<{ token: string }>('POST', '/colophon/v1/tokens', { name, scopes })).token;
    },
    async kill(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
  return server;
}

/** One request, exactly as given: `fetch` would put the path, Host and Origin in order. */
export async function sendTo(host: string, { method = 'GET', path, token, headers = {}, body }: Sent): Promise<Answer> {
  const [hostname, port] = host.split(':');
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const request = httpRequest({
    hostname,
    port,
    method,
    path,
    headers: { host, ...authorization, ...headers },
    agent: false,
    setHost: false,
  });
  const answered = new Promise<Answer>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
    });
  });
  // The server may answer, and hang up, before it has all.
  if (body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body)) Readable.from(body).pipe(request);
  else request.end(body);
  return answered;
}
