import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApi, type Api } from '../../client/api.ts';
import { cliErrors } from '../../errors.ts';
import { mainModule } from '../../program/places.ts';

export interface BackgroundServer {
  readonly api: Api;
  /** False: it was running already. */
  readonly started: boolean;
  readonly pid: number;
}

/** The running server of a data directory, or a new one in the background that outlives this command; what it says goes to DATA/server.log. */
export async function backgroundServer(data: string, args: readonly string[], signal: AbortSignal): Promise<BackgroundServer> {
  const running = await probe(data);
  if (running !== undefined) return { ...running, started: false };
  await mkdir(data, { recursive: true, mode: 0o700 });
  await rm(join(data, 'server.pid'), { force: true });
  const log = openSync(join(data, 'server.log'), 'a', 0o600);
  const conditions = mainModule.endsWith('.ts') ? ['--conditions=colophon-source'] : [];
  const child = spawn(process.execPath, [...conditions, '--disable-warning=ExperimentalWarning', mainModule, 'server', ...args], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
  });
  let ended: number | null | undefined;
  child.once('exit', (code) => (ended = code));
  child.unref();
  for (let waited = 0; waited < 30_000; waited += 50) {
    signal.throwIfAborted();
    await sleep(50);
    if (ended !== undefined) break;
    const found = await probe(data);
    if (found !== undefined) return { ...found, started: true };
  }
  const words = (await readFile(join(data, 'server.log'), 'utf8').catch(() => '')).trim().split('\n').slice(-3).join('\n');
  throw cliErrors.error('CLI_SERVER_UNREACHABLE', `the server did not start: ${words.slice(0, 1500)}`, {
    hint: `Its log is ${join(data, 'server.log')}.`,
  });
}

async function probe(data: string): Promise<{ api: Api; pid: number } | undefined> {
  const read = (name: string) =>
    readFile(join(data, name), 'utf8').then(
      (content) => content.trim(),
      () => undefined,
    );
  const [url, token, pid] = await Promise.all([read('server.url'), read('admin.token'), read('server.pid')]);
  if (url === undefined || token === undefined || pid === undefined) return undefined;
  const api = createApi(url, token);
  try {
    await api.get('/colophon/v1/version');
    return { api, pid: Number(pid) };
  } catch {
    return undefined;
  }
}
