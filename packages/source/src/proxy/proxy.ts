import { lookup } from 'node:dns/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { sourceErrors } from '../errors.ts';
import { isPublicAddress } from './addresses.ts';

/** One request of a step. Bytes are counted after the proxy's own framing. */
export interface ProxyRecord {
  readonly at: string;
  readonly method: string;
  /** `https://host:port` of a tunnel, the whole URL (without credentials) of a plain request. */
  readonly target: string;
  readonly outcome: 'forwarded' | 'refused' | 'failed';
  readonly reason?: string;
  readonly sent: number;
  readonly received: number;
  /** SHA-256 of the body that a plain request brought; a tunnel's content cannot be seen. */
  readonly sha256?: string;
}

export interface RecordingProxy {
  records(): readonly ProxyRecord[];
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** The Unix socket that is relayed into the run's network namespace; it exists for one TaskRun only. */
  readonly socketPath: string;
  /** May this host and port be reached? Default: ports 80 and 443 of any host. */
  readonly allow?: (host: string, port: number) => boolean;
  /** Default: the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Default: only globally reachable addresses. Tests replace it to show what the check is for. */
  readonly allowAddress?: (address: string) => boolean;
  /** At most so many records are kept; further requests are refused. */
  readonly limit?: number;
}

/** An HTTP proxy (RFC 9110 section 9.3.6 CONNECT, and absolute-form requests) that writes down what went through it. */
export async function startRecordingProxy(options: ProxyOptions): Promise<RecordingProxy> {
  const records: ProxyRecord[] = [];
  const sockets = new Set<Socket>();
  const limit = options.limit ?? 10_000;

  function note(started: Date, method: string, target: string, rest: Omit<ProxyRecord, 'at' | 'method' | 'target'>): void {
    records.push({ at: started.toISOString(), method, target, ...rest });
  }

  async function dial(host: string, port: number): Promise<string> {
    if (records.length >= limit) throw sourceErrors.error('SOURCE_PROXY_REFUSED', `more than ${limit} requests`);
    if (!(options.allow ?? defaultAllow)(host, port)) throw sourceErrors.error('SOURCE_PROXY_REFUSED', `${host}:${port} is not allowed`);
    const addresses = await (options.resolve ?? resolveAll)(host);
    const address = addresses.find(options.allowAddress ?? isPublicAddress);
    if (address === undefined) throw sourceErrors.error('SOURCE_PROXY_REFUSED', `${host} has no public address`);
    return address;
  }

  function refuse(error: unknown, started: Date, method: string, target: string): string {
    const reason = error instanceof Error ? error.message : String(error);
    const refused = (error as { code?: string }).code === 'SOURCE_PROXY_REFUSED';
    note(started, method, target, { outcome: refused ? 'refused' : 'failed', reason, sent: 0, received: 0 });
    return reason;
  }

  async function tunnel(request: IncomingMessage, client: Socket, head: Buffer): Promise<void> {
    const started = new Date();
    const match = /^(\[[0-9a-f:.]+\]|[^:\s/]+):(\d{1,5})$/i.exec(request.url ?? '');
    const host = (match?.[1] ?? '').replace(/^\[|\]$/g, '');
    const target = `https://${request.url?.slice(0, 300)}`;
    client.on('error', () => client.destroy());
    try {
      if (match === null) throw sourceErrors.error('SOURCE_PROXY_REFUSED', 'a CONNECT request names HOST:PORT');
      const upstream = connect(Number(match[2]), await dial(host, Number(match[2])));
      sockets.add(upstream);
      await new Promise<void>((resolve, reject) => upstream.once('connect', resolve).once('error', reject));
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.on('error', () => client.destroy());
      upstream.pipe(client);
      client.pipe(upstream);
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => {
        sockets.delete(upstream);
        client.destroy();
        note(started, 'CONNECT', target, { outcome: 'forwarded', sent: upstream.bytesWritten, received: upstream.bytesRead });
      });
    } catch (error) {
      client.end(
        `HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n${refuse(error, started, 'CONNECT', target)}\n`,
      );
    }
  }

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = new Date();
    const method = request.method ?? 'GET';
    let target = '';
    try {
      const url = new URL(request.url ?? '');
      if (url.protocol !== 'http:') throw sourceErrors.error('SOURCE_PROXY_REFUSED', 'plain requests go to http:// only');
      url.username = '';
      url.password = '';
      target = url.href;
      const address = await dial(url.hostname.replace(/^\[|\]$/g, ''), Number(url.port === '' ? 80 : url.port));
      const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !hopByHop.has(name)));
      const upstream = httpRequest({
        host: address,
        port: url.port === '' ? 80 : url.port,
        method,
        path: `${url.pathname}${url.search}`,
        headers: { ...headers, host: url.host },
      });
      let sent = 0;
      request.on('data', (chunk: Buffer) => (sent += chunk.length));
      request.pipe(upstream);
      const reply = await new Promise<IncomingMessage>((resolve, reject) => upstream.once('response', resolve).once('error', reject));
      response.writeHead(
        reply.statusCode ?? 502,
        Object.fromEntries(Object.entries(reply.headers).filter(([name]) => !hopByHop.has(name))),
      );
      const hash = createHash('sha256');
      let received = 0;
      reply.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        received += chunk.length;
      });
      reply.on('error', () => response.destroy());
      reply.on('close', () =>
        note(started, method, target, { outcome: 'forwarded', sent, received, ...(reply.complete ? { sha256: hash.digest('hex') } : {}) }),
      );
      reply.pipe(response);
      response.on('close', () => upstream.destroy());
    } catch (error) {
      const reason = refuse(error, started, method, target === '' ? (request.url ?? '').slice(0, 300) : target);
      if (!response.headersSent) response.writeHead(403, { 'content-type': 'text/plain' });
      response.end(`${reason}\n`);
    }
  }

  const server = createServer((request, response) => void forward(request, response));
  server.on('connect', (request, socket, head) => void tunnel(request, socket as Socket, head));
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await rm(options.socketPath, { force: true });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.socketPath, resolve));
  return {
    records: () => records,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function defaultAllow(_host: string, port: number): boolean {
  return port === 80 || port === 443;
}

async function resolveAll(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
