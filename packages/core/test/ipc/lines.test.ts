import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { connectIpc, serveIpc } from '@colophon/core';

async function serve() {
  const directory = mkdtempSync(join(tmpdir(), 'colophon-ipc-'));
  const path = join(directory, 'socket');
  const server = await serveIpc(path, { echo: async (params) => params });
  onTestFinished(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });
  return path;
}

// A step controls its output, and its output travels in these messages.
it('a message may hold any character, also those that Unicode calls line separators', async () => {
  const client = await connectIpc(await serve());
  const text = 'a\u2028b\u2029c\u0085d\re\nf';
  expect(await client.call('echo', text)).toBe(text);
  client.close();
});

it('a line that is not JSON ends its connection and nothing else', async () => {
  const path = await serve();
  const socket = connect(path);
  socket.write('this is not JSON\n');
  await new Promise((resolve) => socket.once('close', resolve));
  const client = await connectIpc(path);
  expect(await client.call('echo', 1)).toBe(1);
  client.close();
});
