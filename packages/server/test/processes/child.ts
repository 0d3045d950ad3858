// A supervised process: says its pid, hangs up, ends, or outlives its parent, as it is told.
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveIpc } from '@colophon/core';

const { values } = parseArgs({
  options: { socket: { type: 'string' }, linger: { type: 'string', default: '0' }, fail: { type: 'boolean', default: false } },
});
if (values.fail) throw new Error('it does not start');
const path = values.socket as string;
const handlers = {
  pid: async () => process.pid,
  end: async () => process.exit(3),
  // As if the connection alone had broken.
  hangUp: async () => {
    await server.close();
    server = await serveIpc(path, handlers);
  },
};
let server = await serveIpc(path, handlers);
process.stdin
  .on(
    'end',
    () =>
      void sleep(Number(values.linger))
        .then(() => server.close())
        .then(() => process.exit(0)),
  )
  .resume();
