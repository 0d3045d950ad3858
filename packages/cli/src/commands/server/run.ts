import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer } from '@colophon/server';
import { dataDirectory } from '../../client/api.ts';
import type { Handler } from '../../command/command.ts';
import { serverOptionsOf } from './options.ts';

export const run: Handler = async (invocation) => {
  const server = await startServer(serverOptionsOf(invocation));
  await writeFile(join(dataDirectory(invocation), 'server.pid'), `${process.pid}\n`);
  if (!invocation.signal.aborted)
    await new Promise<void>((resolve) => invocation.signal.addEventListener('abort', () => resolve(), { once: true }));
  await server.stop();
  return { data: { url: server.url, stopped: true }, text: () => '' };
};
