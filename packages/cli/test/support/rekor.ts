import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogRoutes, type Log } from '@colophon/log';

/** A log served on loopback by one who may lie: every JSON answer passes through `alter`. */
export interface LyingLog {
  readonly url: string;
  /** What /trust/log.pub answers; undefined: 404. */
  key: string | undefined;
  alter: (path: string, answer: any) => unknown;
  close(): Promise<void>;
}

export async function serveLog(log: Log): Promise<LyingLog> {
  const routes = createLogRoutes(log);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void (async () => {
        const path = request.url as string;
        if (path === '/trust/log.pub') return void response.writeHead(lying.key === undefined ? 404 : 200).end(lying.key);
        const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) };
        const answer = await routes.fetch(
          new Request(`http://log${path}`, { method: request.method as string, headers: { 'content-type': 'application/json' }, ...body }),
        );
        const text = await answer.text();
        const altered = answer.ok ? lying.alter(path, JSON.parse(text)) : text;
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(typeof altered === 'string' ? altered : JSON.stringify(altered));
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const lying: LyingLog = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key: log.identity.publicKeyPem,
    alter: (_path, answer) => answer,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return lying;
}
