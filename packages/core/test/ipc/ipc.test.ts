import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { catalogue, connectIpc, serveIpc, type IpcHandler } from '@colophon/core';

const errors = catalogue({ TEST_REFUSED: { summary: 'refused', hint: 'Ask nicely.', status: 403 } });

function socketPath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'colophon-ipc-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'socket');
}

async function pair(handlers: Readonly<Record<string, IpcHandler>>) {
  const path = socketPath();
  const server = await serveIpc(path, handlers);
  const client = await connectIpc(path);
  onTestFinished(async () => {
    client.close();
    await server.close();
  });
  return { path, server, client };
}

describe('a private socket', () => {
  it('is for its user alone, whatever the umask', async () => {
    const mask = process.umask(0);
    try {
      const { path } = await pair({});
      expect(statSync(path).mode & 0o777).toBe(0o600);
    } finally {
      process.umask(mask);
    }
  });

  it('carries calls, many at once, each to its own answer', async () => {
    const { client } = await pair({
      double: async (params: number) => {
        await new Promise((resolve) => setTimeout(resolve, params % 3));
        return params * 2;
      },
      nothing: async () => undefined,
    });
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    expect(await Promise.all(numbers.map((number) => client.call('double', number)))).toEqual(numbers.map((number) => number * 2));
    expect(await client.call('nothing', null)).toBeNull();
  });

  it('carries what JSON lines might trip over', async () => {
    const { client } = await pair({ echo: async (params) => params });
    const value = { text: 'line\nbreak \r \u0000 "quoted" ü \u{1F600}', long: 'x'.repeat(3_000_000), deep: [[[{}]]] };
    expect(await client.call('echo', value)).toEqual(value);
  });

  it('sends events before the result', async () => {
    const { client } = await pair({
      count: async (params: number, emit) => {
        for (let index = 0; index < params; index += 1) emit({ index });
        return 'done';
      },
    });
    const events: unknown[] = [];
    expect(await client.call('count', 3, { onEvent: (event) => events.push(event) })).toBe('done');
    expect(events).toEqual([{ index: 0 }, { index: 1 }, { index: 2 }]);
  });

  it('carries errors with their code and hint, and hides nothing of what went wrong inside', async () => {
    const { client } = await pair({
      refuse: async () => {
        throw errors.error('TEST_REFUSED', 'not like this', { details: { why: 1 } });
      },
      break: async () => {
        throw new TypeError('x is not a function');
      },
    });
    await expect(client.call('refuse', null)).rejects.toMatchObject({
      code: 'TEST_REFUSED',
      message: 'not like this',
      hint: 'Ask nicely.',
      status: 403,
      details: { why: 1 },
    });
    await expect(client.call('break', null)).rejects.toMatchObject({
      code: 'CORE_INTERNAL',
      message: expect.stringContaining('x is not a function'),
    });
  });

  it.each(['missing', '__proto__', 'constructor', 'toString'])('offers no method %s', async (method) => {
    const { client } = await pair({});
    await expect(client.call(method, null)).rejects.toMatchObject({ code: 'CORE_IPC_METHOD' });
  });

  it('replaces the socket of a dead process, and removes it from service when it closes', async () => {
    const path = socketPath();
    await (await serveIpc(path, { who: async () => 'first' })).close();
    const server = await serveIpc(path, { who: async () => 'second' });
    const client = await connectIpc(path);
    expect(await client.call('who', null)).toBe('second');
    await server.close();
    await client.closed;
    await expect(client.call('who', null)).rejects.toMatchObject({ code: 'CORE_IPC_CLOSED' });
    await expect(connectIpc(path)).rejects.toMatchObject({ code: expect.stringMatching(/ENOENT|ECONNREFUSED/) });
  });
});

describe('cancelling', () => {
  it('aborts the signal at the other end, and the call ends as the method ends it', async () => {
    const { client } = await pair({
      wait: (_params, emit, signal) => {
        emit('started');
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve('stopped')));
      },
    });
    const controller = new AbortController();
    const call = client.call('wait', null, { signal: controller.signal, onEvent: () => controller.abort() });
    expect(await call).toBe('stopped');
    expect(await client.call('wait', null, { signal: AbortSignal.abort() })).toBe('stopped');
  });

  it('touches no other call, and nothing when it comes late', async () => {
    const { client } = await pair({
      echo: async (params) => params,
      wait: (_params, _emit, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('stopped'))),
    });
    const [first, second] = [new AbortController(), new AbortController()];
    const one = client.call('wait', null, { signal: first.signal });
    const two = client.call('wait', null, { signal: second.signal });
    first.abort();
    expect(await one).toBe('stopped');
    expect(await Promise.race([two, client.call('echo', 'still here')])).toBe('still here');
    second.abort();
    await two;
    const late = new AbortController();
    expect(await client.call('echo', 1, { signal: late.signal })).toBe(1);
    late.abort();
    expect(await client.call('echo', 2)).toBe(2);
  });
});

describe('the death of a peer', () => {
  async function startPeer() {
    const path = socketPath();
    const peer = fork(join(import.meta.dirname, 'peer.ts'), [path], { execArgv: ['--conditions=colophon-source'] });
    onTestFinished(() => void peer.kill('SIGKILL'));
    await new Promise((resolve) => peer.once('message', resolve));
    return { path, peer, client: await connectIpc(path) };
  }

  it('ends every call that waits, and those that come after', async () => {
    const { peer, client } = await startPeer();
    expect(await client.call('echo', 'alive')).toBe('alive');
    const waiting = Array.from({ length: 5 }, () => client.call('never', null, { onEvent: () => peer.kill('SIGKILL') }));
    for (const outcome of await Promise.allSettled(waiting))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CORE_IPC_CLOSED', status: 503 } });
    await client.closed;
    await expect(client.call('echo', 1)).rejects.toMatchObject({ code: 'CORE_IPC_CLOSED' });
  });

  it('ends the call that killed it', async () => {
    const { client, path, peer } = await startPeer();
    const exit = new Promise((resolve) => peer.once('exit', resolve));
    await expect(client.call('die', null)).rejects.toMatchObject({ code: 'CORE_IPC_CLOSED' });
    await exit;
    // The socket of a process that was killed stays; nobody answers on it, and the next one replaces it.
    expect(existsSync(path)).toBe(true);
    await expect(connectIpc(path)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const server = await serveIpc(path, { echo: async () => 'new' });
    const client2 = await connectIpc(path);
    expect(await client2.call('echo', null)).toBe('new');
    client2.close();
    await server.close();
  });

  it('aborts what runs for it', async () => {
    let aborted: (() => void) | undefined;
    const stopped = new Promise<void>((resolve) => (aborted = resolve));
    const { path } = await pair({
      wait: (_params, emit, signal) => {
        signal.addEventListener('abort', () => aborted?.());
        emit('started');
        return new Promise(() => {});
      },
    });
    const socket = connect(path);
    socket.write('{"id":1,"method":"wait","params":null}\n');
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    await stopped;
  });
});
