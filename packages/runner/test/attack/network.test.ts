import { createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { attack } from '../support/attack.ts';
import type { TestHost } from '../support/host.ts';

const answer = 'here-is-the-host';
const abstractName = `\0colophon-attack-${process.pid}`;
const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address;

let port = 0;
const servers: Server[] = [];
const listen = async (place: { path: string } | { port: number; host: string }) => {
  const server = createServer((socket) => socket.end(answer));
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(place, resolve));
  return server;
};
beforeAll(async () => {
  port = ((await listen({ port: 0, host: '0.0.0.0' })).address() as AddressInfo).port;
  await listen({ path: abstractName });
});
afterAll(() => servers.forEach((server) => server.close()));

const tcp = (address: string) =>
  `perl -e 'socket(S,2,1,0); connect(S, pack("S n C4 x8", 2, ${port}, ${address.replaceAll('.', ', ')})) ? print <S> : print "errno=", $!+0, "\\n"'`;

const attempt = (script: () => string, network: 'none' | 'proxy') => ({
  stoppedBy: ['network-namespace' as const],
  plan: async (host: TestHost) => {
    const socketPath = join(host.data, 'proxy.sock');
    if (network === 'proxy') await listen({ path: socketPath });
    return {
      script: script(),
      step: { image: { digest: host.perlImage } },
      ...(network === 'proxy' ? { network: { kind: 'proxy' as const, socketPath } } : {}),
    };
  },
  succeeded: ({ log }: { log: string }) => log.includes(answer),
});

for (const network of ['none', 'proxy'] as const) {
  attack(`reaching a server of the machine on 127.0.0.1 (network: ${network})`, {
    ...attempt(() => tcp('127.0.0.1'), network),
    // Connection refused: the loopback is the task's own.
    whenStopped: ({ log }) => expect(log).toBe('errno=111\n'),
  });
  attack(`reaching a server on the machine’s own address (network: ${network})`, {
    ...attempt(() => tcp(outside ?? '127.0.0.1'), network),
    whenStopped: ({ log }) => expect(log).toMatch(/^errno=(101|111)\n$/),
  });
  attack(`an abstract Unix socket of the machine (network: ${network})`, {
    ...attempt(
      () =>
        `perl -e 'socket(S,1,1,0); connect(S, pack("S a*", 1, "\\0${abstractName.slice(1)}")) ? print <S> : print "errno=", $!+0, "\\n"'`,
      network,
    ),
    whenStopped: ({ log }) => expect(log).toBe('errno=111\n'),
  });
}

// What succeeds without the namespace here is seeing a way there: nothing is sent to these addresses.
attack('a route to link-local and private addresses', {
  stoppedBy: ['network-namespace'],
  plan: () => ({ script: 'tail -n +2 /proc/net/route; echo done' }),
  succeeded: ({ log }) => log !== 'done\n',
});
