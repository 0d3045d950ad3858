import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApi, type Api } from '../../../src/client/api.ts';
import { programDirectory } from '../../../src/program/places.ts';

export const builtProgram = join(programDirectory, 'dist', 'main.js');

export interface FirstServer {
  readonly api: Api;
  readonly data: string;
  readonly registry: string;
  stop(): Promise<void>;
}

/** `colophon server` as it is built, on a data directory and a port of its own. */
export async function startFirstServer(data: string): Promise<FirstServer> {
  const args = [builtProgram, 'server', '--data', data, '--port', '0', '--allow-source', 'http', '--log-level', 'warn'];
  const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const read = (name: string) => readFileSync(join(data, name), 'utf8').trim();
  for (let tries = 0; !existsSync(join(data, 'server.url')); tries++) {
    if (tries > 600 || child.exitCode !== null) throw new Error('the first server did not start');
    await sleep(100);
  }
  const api = createApi(read('server.url'), read('admin.token'));
  return {
    api,
    data,
    registry: new URL(api.url).host,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
