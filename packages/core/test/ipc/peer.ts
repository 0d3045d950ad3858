// The other end of a private socket, in a process of its own: serves until it is killed.
import { serveIpc } from '@colophon/core';

await serveIpc(process.argv[2] as string, {
  echo: async (params) => params,
  never: (_params, emit) => {
    emit('waiting');
    return new Promise(() => {});
  },
  die: async () => process.kill(process.pid, 'SIGKILL'),
});
process.send?.('ready');
