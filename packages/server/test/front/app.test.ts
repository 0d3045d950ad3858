import { Hono } from 'hono';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createGuard } from '../../src/access/guard.ts';
import { createApp, type Parts } from '../../src/front/app.ts';
import { liftToken } from '../../src/front/token-path.ts';

const token = 'colophon_an-administrators-token-of-some-length';

/** An app whose log part fails with whatever it knows of the request, as a bug would. */
function app() {
  const lines: string[] = [];
  const failing = new Hono().all('/api/v1/*', (context) => {
    throw new Error(`cannot serve ${context.req.url}`);
  });
  const echo = new Hono().get('/trust/echo', (context) =>
    context.json({ url: context.req.url, token: context.req.header('authorization') }),
  );
  const parts: Parts = {
    guard: createGuard({
      tokens: { find: () => undefined, issue: async () => '', revoke: async () => false, list: () => [] },
      read: 'open',
      publicUrl: () => new URL('http://localhost'),
    }),
    logger: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
    registry: new Hono(),
    log: failing,
    kubernetes: new Hono(),
    trust: echo,
    administration: new Hono(),
    push: async () => ({}),
    metrics: async () => '',
    ready: () => true,
  };
  return { lines, ...createApp(parts) };
}
const request = (path: string, init: { method?: string; body?: string; headers?: Record<string, string> } = {}) =>
  new Request(`http://localhost${path}`, { ...init, headers: { host: 'localhost', ...init.headers } });

it('a token before the path is as good as one in the header', async () => {
  const { fetch } = app();
  expect(await (await fetch(request(`/with/${token}/trust/echo?a=b`))).json()).toEqual({
    url: 'http://localhost/trust/echo?a=b',
    token: `Bearer ${token}`,
  });
});

it('it replaces one in the header, and the body goes with it', async () => {
  const lifted = liftToken(request(`/with/${token}/x`, { method: 'POST', body: 'body', headers: { authorization: 'Bearer other-token' } }));
  expect([lifted.method, lifted.headers.get('authorization'), await lifted.text()]).toEqual(['POST', `Bearer ${token}`, 'body']);
});

it.each([
  '/with/short/x',
  `/with/${token}`,
  `/with/${token}x`.padEnd(200, 'y') + '/x',
  `/with/a b c d e f g h/x`,
  `/with//x`,
  `/x/with/${token}/y`,
])('what is no token is left alone: %s', (path) => {
  const before = request(path);
  expect(liftToken(before)).toBe(before);
});

it('no token comes into the server’s log, not even when a part fails over the request', async () => {
  const { fetch, lines } = app();
  for (const sent of [
    request(`/with/${token}/api/v1/log/entries?logIndex=1`),
    request('/api/v1/log', { headers: { authorization: `Bearer ${token}` } }),
    request('/api/v1/log', { headers: { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` } }),
    request(`/with/${token}`),
    request(`/with/${token}/nowhere`),
  ])
    expect((await fetch(sent)).status).toBeGreaterThanOrEqual(400);
  const text = lines.join('');
  // The control: the part that failed is there, with its address.
  expect(text).toContain('http://localhost/api/v1/log/entries?logIndex=1');
  expect(text).not.toContain(token);
  expect(text).not.toContain(Buffer.from(`x:${token}`).toString('base64').slice(4, 40));
});

it('the control: without lifting, the address that is logged has it', async () => {
  const { fetch, lines } = app();
  await fetch(request(`/api/v1/log/entries?token=${token}`));
  expect(lines.join('')).toContain(token);
});

it('an unexpected failure is told to the client by a number only', async () => {
  const { fetch, lines } = app();
  const answer = await fetch(request('/api/v1/log?a=secret-of-the-request'));
  const text = await answer.text();
  const { id, error } = JSON.parse(text) as { id: string; error: { code: string } };
  expect([answer.status, error.code]).toEqual([500, 'CORE_INTERNAL']);
  expect(text).not.toContain('secret-of-the-request');
  expect(lines.join('')).toContain(id);
});
