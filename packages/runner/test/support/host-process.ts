import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { connectIpc, type IpcClient } from '@colophon/core';

const main = join(import.meta.dirname, '..', '..', 'src', 'host', 'main.ts');

export interface HostProcess {
  readonly process: ChildProcess;
  readonly client: IpcClient;
  /** As its parent does when it ends in good order, or dies. */
  letGo(): Promise<void>;
}

/** Runs the host as the server does: `main.ts` in a process of its own. `prefix`: what it is started with (`setpriv …`). */
export async function hostProcess(data: string, prefix: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<HostProcess> {
  const socket = join(data, 'host.sock');
  const [file = '', ...args]: string[] = [
    ...prefix,
    process.execPath,
    '--conditions=colophon-source',
    main,
    '--data',
    data,
    '--socket',
    socket,
  ];
  const child = spawn(file, args, { stdio: ['pipe', 'inherit', 'inherit'], env: { PATH: process.env['PATH'], ...environment } });
  const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  const client = await connected(socket, child);
  return {
    process: child,
    client,
    async letGo() {
      client.close();
      child.stdin?.end();
      await exited;
    },
  };
}

async function connected(socket: string, child: ChildProcess): Promise<IpcClient> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the host ended with ${child.exitCode}`);
    if (existsSync(socket)) {
      const client = await connectIpc(socket).catch(() => undefined);
      if (client !== undefined) return client;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A data directory that has the images of another. */
export function copyBlobs(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  cpSync(join(from, 'blobs'), join(to, 'blobs'), { recursive: true });
}
