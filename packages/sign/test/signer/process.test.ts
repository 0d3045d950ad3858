// The signer as a process of its own: hardened, answering, ending with its parent.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectIpc, type IpcClient } from '@colophon/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadPublicKey, signerClient, signerModule } from '../../src/index.ts';

let folder: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signer-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function start(environment: NodeJS.ProcessEnv = {}): Promise<{ running: ChildProcess; connection: IpcClient; output: () => string }> {
  const socket = join(folder, 's');
  let text = '';
  const running = spawn(
    process.execPath,
    ['--conditions=colophon-source', signerModule, '--keys', join(folder, 'keys'), '--socket', socket],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...environment },
    },
  );
  child = running;
  running.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  for (let waited = 0; waited < 30_000 && running.exitCode === null; waited += 25) {
    const connection = await connectIpc(socket).catch(() => undefined);
    if (connection !== undefined) return { running, connection, output: () => text };
    await sleep(25);
  }
  throw new Error(`the signer did not start: ${text}`);
}

const exit = (running: ChildProcess) => new Promise((resolve) => running.once('exit', (code, signal) => resolve(signal ?? code)));

it('signs, keeps its keys and its word after kill -9, and ends when its parent goes', async () => {
  const first = await start({ COLOPHON_KEY_PASSWORD: 'secret of the test' });
  const before = await signerClient(() => first.connection).publicKeys();
  const request = { origin: 'log', size: 3, rootHash: Buffer.alloc(32, 1).toString('base64') };
  const signature = await signerClient(() => first.connection).signCheckpoint(request);
  expect(loadPublicKey(before.log).verify(Buffer.from(`log\n3\n${request.rootHash}\n`), signature)).toBe(true);
  const killed = exit(first.running);
  first.running.kill('SIGKILL');
  expect(await killed).toBe('SIGKILL');

  const second = await start({ COLOPHON_KEY_PASSWORD: 'secret of the test' });
  const client = signerClient(() => second.connection);
  expect(await client.publicKeys()).toEqual(before);
  await expect(client.signCheckpoint({ ...request, rootHash: Buffer.alloc(32, 2).toString('base64') })).rejects.toEqual(
    expect.objectContaining({ code: 'SIGN_CHECKPOINT_FORK' }),
  );
  const ended = exit(second.running);
  second.running.stdin?.end();
  expect(await ended).toBe(0);
});

it('dumps no core, and opens no network', async () => {
  const { running, connection } = await start();
  const process_ = `/proc/${running.pid}`;
  expect(await readFile(join(process_, 'limits'), 'utf8')).toMatch(/Max core file size +0 +0 /);
  // Unix sockets only: no line of the process's own descriptors in the tables of TCP and UDP.
  const links = await Promise.all(
    (await readdir(join(process_, 'fd'))).map((name) => readlink(join(process_, 'fd', name)).catch(() => '')),
  );
  const sockets = links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
  expect(sockets.length).toBeGreaterThan(0);
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
    const inodes = (await readFile(join(process_, 'net', table), 'utf8')).split('\n').map((line) => line.trim().split(/ +/)[9]);
    expect(inodes.filter((inode) => inode !== undefined && sockets.includes(inode))).toEqual([]);
  }
  const hardened = (await readFile(join(process_, 'environ'), 'utf8'))
    .split('\0')
    .find((line) => line.startsWith('COLOPHON_SIGNER_HARDENED='));
  const isolated = (await readlink(join(process_, 'ns/net'))) !== (await readlink('/proc/self/ns/net'));
  expect(hardened).toBe(`COLOPHON_SIGNER_HARDENED=${isolated ? 'no-network' : 'host-network'}`);
  connection.close();
});

it('says in one line of JSON why it does not start', async () => {
  await writeFile(join(folder, 'file'), '');
  const keys = join(folder, 'file', 'keys');
  const running = spawn(process.execPath, ['--conditions=colophon-source', signerModule, '--keys', keys, '--socket', join(folder, 's')], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  child = running;
  let text = '';
  running.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  expect(await exit(running)).toBe(1);
  expect(JSON.parse(text.trim().split('\n').at(-1) ?? '')).toMatchObject({
    code: expect.any(String),
    message: expect.stringContaining('ENOTDIR'),
  });
});
