import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testHost, whyNot, type TestHost } from '../../support/host.ts';
import { shellStep } from '../../support/steps.ts';

const missing = whyNot();

describe.skipIf(missing !== undefined)('the narrow ways out of a task', () => {
  let host: TestHost;
  const servers: Server[] = [];
  /** Answers each line with itself, in capitals. */
  const shout = async (name: string) => {
    const path = join(host.data, name);
    const server = createServer((socket) => void socket.on('data', (line) => socket.end(line.toString().toUpperCase())));
    servers.push(server);
    await new Promise<void>((resolve) => void server.listen(path, resolve));
    return path;
  };
  beforeAll(async () => void (host = await testHost()));
  afterAll(async () => {
    servers.forEach((server) => server.close());
    await host.close();
  });

  it('leads 127.0.0.1:3128 to the proxy’s socket, in every step, and says so in the environment', async () => {
    const script = 'echo hello | nc 127.0.0.1 3128; echo $HTTPS_PROXY $http_proxy';
    const outcome = await host.run({
      uid: 'proxy',
      network: { kind: 'proxy', socketPath: await shout('proxy.sock') },
      steps: [shellStep(host, 'a', script), shellStep(host, 'b', script, { user: '1001' })],
    });
    expect(outcome.steps.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    for (const step of ['step-a', 'step-b']) expect(host.log('proxy', step)).toBe('HELLO\nhttp://127.0.0.1:3128 http://127.0.0.1:3128\n');
  });

  it('leads other ports of 127.0.0.1 where the plan says', async () => {
    await host.run({
      uid: 'ports',
      ports: [{ port: 5000, socketPath: await shout('registry.sock') }],
      script: 'echo hello | nc 127.0.0.1 5000; nc 127.0.0.1 3128 || echo no proxy',
    });
    expect(host.log('ports')).toContain('HELLO\n');
    expect(host.log('ports')).toContain('no proxy\n');
  });

  it('has no proxy and nothing in the environment without the grant', async () => {
    await host.run({ uid: 'none', script: 'env | grep -i proxy; nc 127.0.0.1 3128 || echo refused' });
    expect(host.log('none')).toContain('refused');
    expect(host.log('none').toLowerCase()).not.toContain('http');
  });

  it('leads a socket inside to one of the control plane, for any user of a step', async () => {
    const connect = `perl -e 'socket(S,1,1,0); connect(S, pack("S a*", 1, "/tekton/push/token.sock")) or die $!; syswrite S, "token\\n"; print <S>'`;
    const outcome = await host.run({
      uid: 'socket',
      sockets: [{ hostPath: await shout('push.sock'), path: '/tekton/push/token.sock' }],
      steps: [shellStep(host, 'a', connect, { image: { digest: host.perlImage }, user: '1001' })],
    });
    expect(outcome.steps[0]?.exitCode, host.log('socket')).toBe(0);
    expect(host.log('socket')).toBe('TOKEN\n');
  });

  it('gives each task a loopback of its own that its steps share one after another', async () => {
    const other = host.run({ uid: 'listener', script: 'nc -l -p 8080 & sleep 2' });
    await host.run({
      uid: 'stranger',
      script: 'for i in 1 2 3 4; do nc 127.0.0.1 8080 < /dev/null && echo REACHED; sleep 0.3; done; true',
    });
    await other;
    expect(host.log('stranger')).not.toContain('REACHED');
    await host.run({ uid: 'self', script: '(echo own | nc -l -p 80) & sleep 0.5; nc 127.0.0.1 80 < /dev/null', step: { user: '1001' } });
    expect(host.log('self')).toBe('own\n');
  });
});
