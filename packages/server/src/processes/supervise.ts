import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectIpc, type IpcClient } from '@colophon/core';
import { serverErrors } from '../errors.ts';
import { outwaitOrphans } from './orphans.ts';

export interface Supervised {
  /** The live connection; throws SERVER_PROCESS_FAILED while the process is being restarted. */
  client(): IpcClient;
  /** Like `client`, but waits up to ten seconds for a restart. */
  ready(): Promise<IpcClient>;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

export interface SuperviseOptions {
  readonly name: string;
  /** Module to run with this Node. */
  readonly module: string;
  readonly arguments: readonly string[];
  readonly socketPath: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly onExit?: (reason: string) => void;
  readonly onOutput?: (line: string) => void;
}

const startTimeout = 10_000;

/**
 * Keeps one child process running: starts it, connects to its socket, restarts it when it dies (at once, then slower, at most five seconds
 * apart). The child ends by itself when its standard input closes, that is when this process dies, however it dies.
 */
export async function supervise(options: SuperviseOptions): Promise<Supervised> {
  let child: ChildProcess | undefined;
  let client: IpcClient | undefined;
  const stopping = new AbortController();
  let failures = 0;

  async function start(): Promise<void> {
    const fromSource = options.module.endsWith('.ts');
    const running = spawn(
      process.execPath,
      [...(fromSource ? ['--conditions=colophon-source'] : []), options.module, ...options.arguments],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'],
          HOME: process.env['HOME'],
          TMPDIR: process.env['TMPDIR'],
          NODE_NO_WARNINGS: '1',
          ...options.environment,
        },
      },
    );
    child = running;
    let last = '';
    for (const stream of [running.stdout, running.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        last = `${last}${chunk.toString()}`.slice(-2000);
        options.onOutput?.(chunk.toString().trim());
      });
    }
    const exited = new Promise<string>((resolve) => {
      running.once('exit', (code, signal) =>
        resolve(`${options.name} ended with ${signal ?? `code ${code}`}${last.trim() === '' ? '' : `: ${last.trim()}`}`),
      );
      running.once('error', (error) => resolve(`${options.name}: ${error.message}`));
    });
    const connected = await connectTo(exited);
    if (typeof connected === 'string') throw serverErrors.error('SERVER_PROCESS_FAILED', connected);
    adopt(connected, running, exited);
    failures = 0;
    void exited.then((reason) => {
      client?.close();
      client = undefined;
      if (stopping.signal.aborted) return undefined;
      options.onExit?.(reason);
      return restart();
    });
  }

  /** The connection, or why there is none. */
  async function connectTo(exited: Promise<string>): Promise<IpcClient | string> {
    const giveUp = new AbortController();
    void exited.then(() => giveUp.abort());
    return Promise.race([connectWhenUp(options.socketPath, giveUp.signal), exited]);
  }

  /** Uses the connection; one that breaks while the process lives is made again, and a process that cannot be reached is killed. */
  function adopt(connected: IpcClient, running: ChildProcess, exited: Promise<string>): void {
    client = connected;
    void (async () => {
      await connected.closed;
      if (client !== connected || stopping.signal.aborted) return;
      client = undefined;
      const again = await connectTo(exited);
      if (typeof again === 'string') running.kill('SIGKILL');
      else adopt(again, running, exited);
    })();
  }

  async function restart(): Promise<void> {
    while (!stopping.signal.aborted) {
      await sleep(Math.min(5000, failures === 0 ? 0 : 100 * 2 ** failures));
      failures += 1;
      try {
        return await start();
      } catch (error) {
        options.onExit?.((error as Error).message);
        child?.kill('SIGKILL');
      }
    }
  }

  function live(): IpcClient {
    if (client === undefined) throw serverErrors.error('SERVER_PROCESS_FAILED', `the ${options.name} process is being restarted`);
    return client;
  }

  await outwaitOrphans(options.socketPath);
  try {
    await start();
  } catch (error) {
    child?.kill('SIGKILL');
    throw error;
  }
  return {
    client: live,
    async ready() {
      for (let waited = 0; waited < startTimeout; waited += 20) {
        if (client !== undefined) return client;
        await sleep(20);
      }
      return live();
    },
    get pid() {
      return child?.pid;
    },
    async stop() {
      stopping.abort();
      client?.close();
      const running = child;
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
      const exited = new Promise<void>((resolve) => running.once('exit', () => resolve()));
      running.stdin?.end();
      const timer = setTimeout(() => running.kill('SIGKILL'), 3000);
      await exited;
      clearTimeout(timer);
    },
  };
}

async function connectWhenUp(path: string, signal: AbortSignal): Promise<IpcClient | string> {
  for (let waited = 0; waited < startTimeout && !signal.aborted; waited += 15) {
    const client = await connectIpc(path).catch(() => undefined);
    if (client !== undefined && !signal.aborted) return client;
    client?.close();
    await sleep(15);
  }
  return `nothing answers at ${path}`;
}
