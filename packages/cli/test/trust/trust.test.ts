import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair } from '@colophon/sign';
import { defaultPolicy } from '@colophon/verify';
import { createOutput } from '../../src/output/output.ts';
import { trustOf } from '../../src/trust/trust.ts';

const place = mkdtempSync(join(tmpdir(), 'colophon-trust-'));
let server: Server;
let host: string;
let pem: string;
const answers = new Map<string, string>();
const root = '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}';

beforeAll(async () => {
  pem = (await generateKeyPair('password')).public;
  writeFileSync(join(place, 'key.pub'), pem);
  writeFileSync(join(place, 'root.json'), root);
  server = createServer((request, response) => {
    const answer = answers.get(request.url ?? '');
    if (answer?.startsWith('http')) response.writeHead(302, { location: answer }).end();
    else response.writeHead(answer === undefined ? 404 : 200).end(answer ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(place, { recursive: true, force: true });
});

function trust(flags: Record<string, unknown> = {}, image: string | undefined = `${host}/a/b:1`, policy = defaultPolicy) {
  const invocation = {
    flags: { data: join(place, 'none'), ...flags },
    args: [],
    output: createOutput({ progress: 'quiet' }),
    signal: new AbortController().signal,
  };
  return trustOf(invocation, policy, image);
}

describe('in whom a verdict believes', () => {
  it('nobody, where the registry is no Colophon', async () => {
    answers.clear();
    expect(await trust()).toEqual({ options: { keys: [], trustedRoots: [] }, anchors: [] });
  });

  it('a server that was named must answer', async () => {
    answers.clear();
    await expect(trust({ server: `http://${host}` })).rejects.toThrow(expect.objectContaining({ code: 'CLI_SERVER_UNREACHABLE' }));
  });

  it('the server that has the image, on first use, and the report says so', async () => {
    answers.set('/trust/provenance.pub', pem).set('/trust/trusted_root.json', root);
    const { options, anchors } = await trust();
    expect(options).toEqual({ keys: [pem], trustedRoots: [root] });
    expect(anchors.map(({ what, basis }) => `${what} ${basis}`)).toEqual(['key first-use', 'trusted root first-use']);
  });

  it('only for what is missing', async () => {
    answers.set('/trust/provenance.pub', pem).set('/trust/trusted_root.json', root);
    const basis = async (flags: Record<string, unknown>, policy = defaultPolicy) =>
      (await trust(flags, `${host}/a`, policy)).anchors.map((one) => `${one.what} ${one.basis}`);
    expect(await basis({ key: [join(place, 'key.pub')] })).toEqual(['key given', 'trusted root first-use']);
    expect(await basis({ key: [join(place, 'key.pub')], trustedRoot: [join(place, 'root.json')] })).toEqual([
      'key given',
      'trusted root given',
    ]);
    expect(await basis({ trustedRoot: [join(place, 'root.json')] })).toEqual(['trusted root given']);
    const none = { ...defaultPolicy, keys: [pem], require: { transparency: 'none' as const, timestamp: false } };
    expect(await basis({}, none)).toEqual(['key given']);
  });

  it('nobody but files where it is offline', async () => {
    answers.set('/trust/provenance.pub', pem).set('/trust/trusted_root.json', root);
    expect((await trust({ offline: true })).anchors).toEqual([]);
  });

  it('this machine’s own server by its data directory, without asking it', async () => {
    answers.clear();
    const data = join(place, 'data');
    mkdirSync(join(data, 'keys'), { recursive: true });
    writeFileSync(join(data, 'server.url'), `http://${host}\n`);
    for (const name of ['provenance.pub', 'log.pub']) writeFileSync(join(data, 'keys', name), pem);
    const { options, anchors } = await trust({ data });
    expect(anchors.map(({ what, basis }) => `${what} ${basis}`)).toEqual(['key local', 'log local']);
    expect(options.trustedRoots?.[0]).toMatchObject({ tlogs: [{ baseUrl: `http://${host}` }], certificateAuthorities: [] });
    // Another server's image is not vouched for by this one's keys.
    expect((await trust({ data }, 'other.invalid:1/a')).anchors).toEqual([]);
  });

  it('no other place that the server sends us to', async () => {
    answers.set('/trust/provenance.pub', `http://${host}/elsewhere`).set('/elsewhere', pem);
    expect((await trust()).anchors).toEqual([]);
    answers.clear();
  });
});
