import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { attack } from '../support/attack.ts';
import type { TestHost } from '../support/host.ts';

const secret = 'the-secret-of-another';

function put(host: TestHost, path: string): string {
  const file = join(host.data, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, secret, { mode: 0o600 });
  return file;
}

for (const [what, path] of [
  ['the signing key', 'keys/provenance.key'],
  ['the tokens', 'tokens.json'],
  ['the workspace of another run', 'runner/claims/other/run/ws/file'],
  ['the log of another run', 'runs/other/step-a.log'],
] as const)
  attack(`reading ${what}`, {
    stoppedBy: ['own-root', 'user-namespace'],
    plan: (host) => {
      const file = put(host, path);
      return { script: `cat ${file}; cat /host-root${file}; cat /proc/1/root${file}; cat /../../${file}` };
    },
    succeeded: ({ log }) => log.includes(secret),
  });

attack('reading the machine’s password hashes', {
  stoppedBy: ['own-root', 'user-namespace'],
  plan: () => ({ script: 'cat /etc/shadow; cat /host-root/etc/shadow; cat /proc/1/root/etc/shadow' }),
  succeeded: ({ log }) => log.includes('root:'),
});

process.env['COLOPHON_TEST_SECRET'] = secret;
afterAll(() => delete process.env['COLOPHON_TEST_SECRET']);
attack('reading the host’s environment', {
  stoppedBy: ['clean-environment'],
  plan: () => ({ script: 'env; cat /proc/*/environ' }),
  succeeded: ({ log }) => log.includes(secret),
});

const servers: ReturnType<typeof createServer>[] = [];
afterAll(() => servers.forEach((server) => server.close()));

attack('speaking to the control plane’s sockets', {
  stoppedBy: ['own-root', 'user-namespace'],
  plan: async (host) => {
    const path = join(host.data, 'signer.sock');
    const server = createServer((socket) => socket.end(secret));
    servers.push(server);
    await new Promise<void>((resolve) => void server.listen(path, resolve));
    const connect = (to: string) => `socket(S,1,1,0); connect(S, pack("S a*", 1, "${to}")) and print <S>;`;
    return { script: `perl -e '${connect(path)} ${connect(`/host-root${path}`)}'`, step: { image: { digest: host.perlImage } } };
  },
  succeeded: ({ log }) => log.includes(secret),
});
