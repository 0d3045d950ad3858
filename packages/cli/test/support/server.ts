import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface ServerProcess {
  readonly url: string;
  /** SIGTERM, and waits for its end. */
  stop(): Promise<void>;
}

/** `colophon server` on any free port of loopback, as a process; up when this resolves. */
export async function startServerProcess(data: string): Promise<ServerProcess> {
  const args = [
    '--disable-warning=ExperimentalWarning',
    '--conditions=colophon-source',
    main,
    'server',
    '--data',
    data,
    '--port',
    '0',
    '--log-level',
    'warn',
  ];
  const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'], HOME: data }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${said}`);
    const url = await readFile(join(data, 'server.url'), 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    );
    const up =
      url !== undefined &&
      (await fetch(`${url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      ));
    if (up) {
      return {
        url,
        async stop() {
          child.kill('SIGTERM');
          await ended;
        },
      };
    }
    await sleep(50);
  }
}
