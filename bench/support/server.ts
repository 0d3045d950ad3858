import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface BenchServer {
  readonly url: string;
  readonly token: string;
  /** `HOST:PORT`. */
  readonly registryHost: string;
  readonly data: string;
  /** Rejects unless the answer is a success. */
  send(method: string, path: string, body?: unknown): Promise<unknown>;
  stream(path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Stops it and removes its data directory. */
  close(): Promise<void>;
}

/** Its profiles are written to COLOPHON_BENCH_PROFILE where that is set (node --cpu-prof, one for each process). */
function nodeOptions(): string[] {
  const directory = process.env['COLOPHON_BENCH_PROFILE'];
  return directory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${directory}`];
}

/** A real server (three processes) in an empty data directory, on a free port of loopback. */
export async function benchServer(): Promise<BenchServer> {
  const data = await mkdtemp(join(tmpdir(), 'colophon-bench-server-'));
  const options = JSON.stringify({ data, port: 0, logLevel: 'error' });
  const program = join(import.meta.dirname, 'server-process.ts');
  const child = spawn(
    process.execPath,
    [...process.execArgv, ...nodeOptions(), '--disable-warning=ExperimentalWarning', program, options],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const exited = once(child, 'exit');
  const close = async () => {
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await exited;
    clearTimeout(timer);
    await rm(data, { recursive: true, force: true });
  };
  try {
    const first = await Promise.race([
      once(createInterface(child.stdout), 'line'),
      exited.then(() => Promise.reject(new Error('the server did not start'))),
    ]);
    const { url, token, registryHost } = JSON.parse(first[0] as string) as { url: string; token: string; registryHost: string };
    const request = async (method: string, path: string, init: { body?: string; signal?: AbortSignal } = {}) => {
      const headers = { authorization: `Bearer ${token}`, ...(init.body === undefined ? {} : { 'content-type': 'application/json' }) };
      const response = await fetch(`${url}${path}`, { method, headers, ...init });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return response;
    };
    return {
      url,
      token,
      registryHost,
      data,
      close,
      send: async (method, path, body) => (await request(method, path, body === undefined ? {} : { body: JSON.stringify(body) })).json(),
      stream: async (path, signal) => (await request('GET', path, { signal })).body ?? new ReadableStream(),
    };
  } catch (error) {
    await close();
    throw error;
  }
}
