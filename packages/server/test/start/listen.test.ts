import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { listen, type Patience } from '../../src/start/listen.ts';

async function open(patience?: Patience): Promise<number> {
  const options = { host: '127.0.0.1', port: 0 };
  const listener = await listen(options, () => () => new Response('ok\n'), patience);
  onTestFinished(() => listener.close());
  return listener.port;
}

async function say(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

it('answers', async () => {
  const socket = await say(await open(), 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  expect((await once(socket, 'data')).toString()).toMatch(/^HTTP\/1\.1 200 /);
});

it('a taken port is said', async () => {
  const port = await open();
  await expect(listen({ host: '127.0.0.1', port }, () => () => new Response())).rejects.toMatchObject({ code: 'SERVER_PORT_TAKEN' });
});

// Slow loris: as many connections as there can be, each one kept by a byte now and then.
it.each([
  ['nothing', '', undefined],
  ['headers that never end', 'GET / HTTP/1.1\r\nHost: localhost\r\nA: ', 'b'],
])('cuts off who sends %s; the control, without that patience, does not', async (_, first, more) => {
  const quick = { headers: 150, interval: 50, idle: 300 };
  const [patient, impatient] = [await open({ ...quick, headers: 0, idle: 0 }), await open(quick)];
  const [kept, cut] = [await say(patient, first), await say(impatient, first)];
  let open_ = true;
  kept.once('close', () => (open_ = false));
  const trickle = setInterval(() => [kept, cut].forEach((socket) => more !== undefined && socket.write(more)), 30);
  onTestFinished(() => clearInterval(trickle));
  cut.resume();
  await once(cut, 'close');
  expect(open_).toBe(true);
});
