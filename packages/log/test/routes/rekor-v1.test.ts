import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogRoutes, type Log, type LogEntry } from '../../src/index.ts';
import { hashLeaf, parseCheckpoint } from '../../src/index.ts';
import { dsse, hashedrekord, intoto, openTestLog, temporaryDirectory, testSigner, userKeyPem } from '../support.ts';

const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'x', digest: { sha256: 'ab'.repeat(32) } }],
  predicateType: 'p',
  predicate: {},
};
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('Rekor v1 API (openapi.yaml of rekor v1.5.4)', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let log: Log;
  let app: ReturnType<typeof createLogRoutes>;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    log = await openTestLog(directory.path, testSigner());
    app = createLogRoutes(log, { maxBody: 100_000 });
  });

  afterAll(async () => {
    await log.close();
    await directory.remove();
  });

  const post = (path: string, body: unknown) =>
    app.request(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
    });
  const get = async (path: string) => {
    const response = await app.request(path);
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
  };

  async function add(proposed: object): Promise<{ uuid: string; entry: LogEntry }> {
    const response = await post('/api/v1/log/entries', proposed);
    expect(response.status).toBe(201);
    const [[uuid, entry]] = Object.entries((await response.json()) as Record<string, LogEntry>) as [[string, LogEntry]];
    expect(response.headers.get('ETag')).toBe(uuid);
    expect(response.headers.get('Location')).toBe(`/api/v1/log/entries/${uuid}`);
    return { uuid, entry };
  }

  it('add, again (409 with the UUID), get by both ids and by index', async () => {
    const proposed = hashedrekord('one');
    const { uuid, entry } = await add(proposed);
    expect(uuid.slice(0, 16)).toBe(BigInt(log.info().treeID).toString(16).padStart(16, '0'));
    expect(uuid.slice(16)).toBe(hashLeaf(Buffer.from(entry.body, 'base64')).toString('hex'));
    const again = await post('/api/v1/log/entries', proposed);
    expect(again.status).toBe(409);
    expect(again.headers.get('Location')).toBe(`/api/v1/log/entries/${uuid}`);
    expect(await again.json()).toEqual({
      code: 409,
      message: `an equivalent entry already exists in the transparency log with UUID ${uuid}`,
    });
    for (const path of [
      `/api/v1/log/entries/${uuid}`,
      `/api/v1/log/entries/${uuid.slice(16)}`,
      `/api/v1/log/entries?logIndex=${entry.logIndex}`,
    ]) {
      expect(await get(path)).toMatchObject({ status: 200, body: { [uuid]: { body: entry.body, logIndex: entry.logIndex } } });
    }
  });

  it('retrieve: by id, index and entry, nulls allowed, missing ones left out', async () => {
    const proposed = dsse(statement);
    const { uuid, entry } = await add(proposed);
    const query = { entryUUIDs: [uuid, 'ab'.repeat(32)], entries: null, logIndexes: null };
    expect(await (await post('/api/v1/log/entries/retrieve', query)).json()).toMatchObject([{ [uuid]: { body: entry.body } }]);
    const both = { entryUUIDs: null, entries: [proposed], logIndexes: [entry.logIndex, 9999] };
    expect(await (await post('/api/v1/log/entries/retrieve', both)).json()).toMatchObject([{ [uuid]: {} }, { [uuid]: {} }]);
    expect((await post('/api/v1/log/entries/retrieve', { logIndexes: Array.from({ length: 11 }, (_, index) => index) })).status).toBe(422);
    expect((await post('/api/v1/log/entries/retrieve', { entryUUIDs: ['zz'] })).status).toBe(422);
    expect((await post('/api/v1/log/entries/retrieve', { entryUUIDs: ['0'.repeat(80)] })).status).toBe(400);
  });

  it('the attestation of intoto comes with a read', async () => {
    const { uuid, entry } = await add(intoto(statement));
    expect(entry.attestation).toBeUndefined();
    const read = (await get(`/api/v1/log/entries/${uuid}`)).body[uuid] as LogEntry;
    expect(JSON.parse(Buffer.from(read.attestation?.data ?? '', 'base64').toString())).toEqual(statement);
  });

  it('index search', async () => {
    const found = await (await post('/api/v1/index/retrieve', { hash: `sha256:${'ab'.repeat(32)}` })).json();
    expect(found).toHaveLength(2);
    const byKey = { publicKey: { format: 'x509', content: base64(userKeyPem) } };
    expect(await (await post('/api/v1/index/retrieve', byKey)).json()).toHaveLength(3);
    expect(await (await post('/api/v1/index/retrieve', { email: 'a@example.org' })).json()).toEqual([]);
    for (const query of [
      {},
      { hash: 'x' },
      { publicKey: { format: 'pgp', content: 'AAAA' } },
      { operator: 'xor', hash: 'ab'.repeat(32) },
    ]) {
      expect([400, 422]).toContain((await post('/api/v1/index/retrieve', query)).status);
    }
  });

  it('head, key, proof', async () => {
    const { body } = await get('/api/v1/log');
    expect(body).toEqual({
      inactiveShards: [],
      rootHash: log.head.rootHash.toString('hex'),
      signedTreeHead: log.head.checkpoint,
      treeID: expect.stringMatching(/^[1-9][0-9]*$/),
      treeSize: 3,
    });
    const key = await app.request(`/api/v1/log/publicKey?treeID=${body.treeID}`);
    expect(key.headers.get('Content-Type')).toBe('application/x-pem-file');
    expect(await key.text()).toBe(log.identity.publicKeyPem);
    expect((await get('/api/v1/log/publicKey?treeID=1')).status).toBe(400);
    expect((await get('/api/v1/log/proof?firstSize=1&lastSize=3')).body.hashes).toHaveLength(2);
    expect((await get('/api/v1/log/proof?lastSize=3')).body.rootHash).toBe(body.rootHash);
    for (const [query, status] of [
      ['firstSize=3&lastSize=1', 400],
      ['lastSize=4', 400],
      ['', 422],
      ['firstSize=0&lastSize=1', 422],
      ['lastSize=x', 422],
    ]) {
      expect((await get(`/api/v1/log/proof?${query}`)).status, String(query)).toBe(status);
    }
  });

  it('errors have their shapes', async () => {
    expect(await get('/api/v1/log/entries?logIndex=99')).toMatchObject({ status: 404, body: undefined });
    expect(await get(`/api/v1/log/entries/${'a'.repeat(64)}`)).toMatchObject({ status: 404, body: undefined });
    expect(await get('/api/v1/log/entries/xyz')).toMatchObject({ status: 422, body: { code: 605 } });
    expect(await get('/api/v1/log/entries?logIndex=-1')).toMatchObject({ status: 422, body: { code: 606 } });
    expect(await get('/api/v1/log/entries')).toMatchObject({ status: 422, body: { code: 602 } });
    for (const body of ['', 'not json', '[]', '{"__proto__":1}', { kind: 'rekord', apiVersion: '0.0.1', spec: {} }]) {
      const response = await post('/api/v1/log/entries', body);
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ code: 400, message: expect.stringContaining('error processing entry') });
    }
  });

  it('takes no larger body than it should, declared or not', async () => {
    const body = 'x'.repeat(100_001);
    expect((await post('/api/v1/log/entries', body)).status).toBe(413);
    const stream = new ReadableStream({ start: (controller) => (controller.enqueue(Buffer.from(body)), controller.close()) });
    const undeclared = new Request('http://log/api/v1/log/entries', { method: 'POST', body: stream, duplex: 'half' });
    expect((await app.request(undeclared)).status).toBe(413);
  });

  it('tlog-tiles: checkpoint, tile and bundle agree; nothing beyond the head', async () => {
    const { checkpoint } = parseCheckpoint(await (await app.request('/api/v1/log/tiles/checkpoint')).text());
    const bundle = await app.request(`/api/v1/log/tiles/tile/entries/000.p/${checkpoint.size}`);
    expect(bundle.headers.get('Cache-Control')).toContain('immutable');
    const tile = Buffer.from(await (await app.request(`/api/v1/log/tiles/tile/0/000.p/${checkpoint.size}`)).arrayBuffer());
    const data = Buffer.from(await bundle.arrayBuffer());
    const first = data.subarray(2, 2 + data.readUInt16BE());
    expect(tile.subarray(0, 32).equals(hashLeaf(first))).toBe(true);
    expect(tile.length).toBe(32 * checkpoint.size);
    expect((await app.request('/api/v1/log/tiles/tile/0/000.p/2')).status).toBe(200);
    for (const path of ['0/000', `0/000.p/${checkpoint.size + 1}`, '1/000.p/1', '0/..%2f..%2flog.json', '0/001']) {
      expect((await app.request(`/api/v1/log/tiles/tile/${path}`)).status, path).toBe(404);
    }
  });
});
