// The signer's contract: typed things only, one history of checkpoints.
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, connectIpc, encodeBase64 } from '@colophon/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  entryTimestampBytes,
  loadPublicKey,
  logSigner,
  openSigner,
  parseSimpleSigning,
  signerClient,
  startSigner,
  verifyEnvelope,
  type SignerClient,
} from '../../src/index.ts';

let folder: string;
let signer: SignerClient;
const now = 1_790_000_000_000;
const keysDirectory = () => join(folder, 'keys');
const open = (extra: object = {}) => openSigner({ keysDirectory: keysDirectory(), password: 'p', now: () => now, ...extra });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signer-'));
  signer = await open();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const refused = expect.objectContaining({ code: 'SIGN_REQUEST_INVALID' });
const fork = expect.objectContaining({ code: 'SIGN_CHECKPOINT_FORK' });
const root = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const sha256 = 'a'.repeat(64);
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ digest: { sha256 } }],
  predicateType: 'https://a.example/p',
  predicate: { z: 1, a: 2 },
};

describe('keys', () => {
  it('are made once, for their owner only', async () => {
    const keys = await signer.publicKeys();
    expect(await (await open()).publicKeys()).toEqual(keys);
    expect(keys.provenance).not.toBe(keys.log);
    expect(keys.logId).toBe(loadPublicKey(keys.log).spkiSha256);
    for (const [name, mode] of [
      ['', 0o700],
      ['provenance.key', 0o600],
      ['log.key', 0o600],
    ] as const) {
      expect((await stat(join(keysDirectory(), name))).mode & 0o777).toBe(mode);
    }
    expect(await readFile(join(keysDirectory(), 'log.pub'), 'utf8')).toBe(keys.log);
  });
  it('that others can read are not used', async () => {
    await chmod(join(keysDirectory(), 'log.key'), 0o640);
    await expect(open()).rejects.toEqual(expect.objectContaining({ code: 'SIGN_DIRECTORY_UNSAFE' }));
    await chmod(join(keysDirectory(), 'log.key'), 0o600);
    await chmod(keysDirectory(), 0o750);
    await expect(open()).rejects.toEqual(expect.objectContaining({ code: 'SIGN_DIRECTORY_UNSAFE' }));
  });
  it('need their password', async () => {
    await expect(open({ password: 'q' })).rejects.toEqual(expect.objectContaining({ code: 'SIGN_KEY_PASSWORD' }));
  });
  it('take it from a file, from the credentials, from the environment, else from a random one beside them', async () => {
    const file = join(folder, 'password');
    await writeFile(file, 'p\nnot this\n');
    expect(await (await openSigner({ keysDirectory: keysDirectory(), passwordFile: file })).publicKeys()).toEqual(
      await signer.publicKeys(),
    );
    const saved = { ...process.env };
    try {
      process.env['COLOPHON_KEY_PASSWORD'] = 'p';
      expect(await (await openSigner({ keysDirectory: keysDirectory() })).publicKeys()).toEqual(await signer.publicKeys());
      process.env['CREDENTIALS_DIRECTORY'] = folder;
      await writeFile(join(folder, 'colophon-key-password'), 'other');
      await expect(openSigner({ keysDirectory: keysDirectory() })).rejects.toEqual(expect.objectContaining({ code: 'SIGN_KEY_PASSWORD' }));
      delete process.env['CREDENTIALS_DIRECTORY'];
      delete process.env['COLOPHON_KEY_PASSWORD'];
      const fresh = join(folder, 'fresh');
      const keys = await (await openSigner({ keysDirectory: fresh })).publicKeys();
      expect((await stat(join(fresh, 'password'))).mode & 0o777).toBe(0o600);
      expect(await (await openSigner({ keysDirectory: fresh })).publicKeys()).toEqual(keys);
    } finally {
      process.env = saved;
    }
  });
});

describe('statements', () => {
  it('are signed as canonical bytes', async () => {
    const envelope = await signer.signStatement(statement);
    const key = loadPublicKey((await signer.publicKeys()).provenance);
    const { payload, payloadType } = verifyEnvelope(envelope, [key]);
    expect(payloadType).toBe('application/vnd.in-toto+json');
    expect(payload.toString()).toBe(canonicalJson(statement));
    expect(envelope.signatures[0]?.keyid).toBe(key.openSshFingerprint);
  });
  it.each<[string, any]>([
    ['that are none', { hello: 'world' }],
    ['that are text', 'bytes to sign'],
    ['of an unknown type', { ...statement, _type: 'x' }],
    ['with a member too many', { ...statement, more: 1 }],
    ['with a broken digest', { ...statement, subject: [{ digest: { sha256: 'zz' } }] }],
  ])('%s are refused', async (_, value) => {
    await expect(signer.signStatement(value)).rejects.toEqual(expect.objectContaining({ code: 'ATTEST_STATEMENT_INVALID' }));
  });
  it('beyond 16 MiB are refused', async () => {
    await expect(signer.signStatement({ ...statement, predicate: { x: 'x'.repeat(17 * 1024 * 1024) } })).rejects.toEqual(refused);
  });
});

describe('simple signing', () => {
  it('signs an image digest and nothing else', async () => {
    const { payload, signature } = await signer.signSimpleSigning({
      digest: `sha256:${sha256}`,
      reference: 'reg.example/a',
      optional: { who: 'me' },
    });
    expect(parseSimpleSigning(payload)).toEqual({ digest: `sha256:${sha256}`, reference: 'reg.example/a', optional: { who: 'me' } });
    const key = loadPublicKey((await signer.publicKeys()).provenance);
    expect(key.verify(payload, Buffer.from(signature, 'base64'))).toBe(true);
  });
  it.each<[string, any]>([
    ['a tag', { digest: 'latest', reference: 'a' }],
    ['a reference of two lines', { digest: `sha256:${sha256}`, reference: 'a\nb' }],
    ['a payload', { digest: `sha256:${sha256}`, reference: 'a', payload: 'eA==' }],
    ['numbers as annotations', { digest: `sha256:${sha256}`, reference: 'a', optional: { n: 1 } }],
  ])('refuses %s', async (_, request) => {
    await expect(signer.signSimpleSigning(request)).rejects.toEqual(refused);
  });
});

describe('checkpoints', () => {
  const at = (size: number, byte: number, origin = 'log.example - 1') => signer.signCheckpoint({ origin, size, rootHash: root(byte) });
  const lenient = () => open({ requireConsistency: false });
  beforeEach(async () => {
    signer = await lenient();
  });

  it('are signed as origin, size and root', async () => {
    const signature = await at(1, 1);
    expect(loadPublicKey((await signer.publicKeys()).log).verify(Buffer.from(`log.example - 1\n1\n${root(1)}\n`), signature)).toBe(true);
  });
  it('are never forked: not by root, not by size, not under another name, not after a restart', async () => {
    await at(5, 1);
    await at(5, 1);
    await expect(at(5, 2)).rejects.toEqual(fork);
    await expect(at(4, 1)).rejects.toEqual(fork);
    await expect(at(5, 2, 'other.example - 2')).rejects.toEqual(fork);
    signer = await lenient();
    await expect(at(5, 2)).rejects.toEqual(fork);
    await expect(at(0, 2)).rejects.toEqual(fork);
    await at(6, 3);
  });
  it('asked for at once are served one after the other', async () => {
    const outcomes = await Promise.allSettled([at(7, 1), at(7, 2), at(6, 1), at(8, 1)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  });
  it('are on disk before they are signed', async () => {
    await at(9, 4);
    expect(JSON.parse(await readFile(join(keysDirectory(), 'checkpoint.json'), 'utf8'))).toMatchObject({ size: 9, rootHash: root(4) });
  });
  it('are not signed with the state of another key, or a broken one', async () => {
    const path = join(keysDirectory(), 'checkpoint.json');
    await at(9, 4);
    await writeFile(
      path,
      (await readFile(path, 'utf8')).replace(/"logId":"."/, '"logId":"0"').replace(/"logId":"[0-9a-f]{4}/, '"logId":"0000'),
    );
    await expect(open()).rejects.toEqual(expect.objectContaining({ code: 'SIGN_STATE_INVALID' }));
    await writeFile(path, '{}');
    await expect(open()).rejects.toEqual(expect.objectContaining({ code: 'SIGN_STATE_INVALID' }));
  });
  it.each<[string, any]>([
    ['an origin of two lines', { origin: 'a\nb', size: 1, rootHash: root(1) }],
    ['no origin', { origin: '', size: 1, rootHash: root(1) }],
    ['a negative size', { origin: 'a', size: -1, rootHash: root(1) }],
    ['a fraction', { origin: 'a', size: 1.5, rootHash: root(1) }],
    ['a short root', { origin: 'a', size: 1, rootHash: 'eA==' }],
    ['extension lines', { origin: 'a', size: 1, rootHash: root(1), extension: 'x' }],
  ])('are refused with %s', async (_, request) => {
    await expect(signer.signCheckpoint(request)).rejects.toEqual(refused);
  });
});

describe('consistency proofs', () => {
  // A tree by the definition (RFC 9162, 2.1.1 and 2.1.4.1), apart from the code under test.
  const hash = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  const split = (size: number) => 2 ** Math.floor(Math.log2(size - 1));
  const leaves = Array.from({ length: 40 }, (_, index) => hash(Buffer.from([0, index])));
  const tree = (items: Buffer[]): Buffer =>
    items.length === 0
      ? hash()
      : items.length === 1
        ? items[0]!
        : hash(Buffer.from([1]), tree(items.slice(0, split(items.length))), tree(items.slice(split(items.length))));
  const proof = (first: number, items: Buffer[], whole = true): Buffer[] => {
    if (first === items.length) return whole ? [] : [tree(items)];
    const at = split(items.length);
    return first <= at
      ? [...proof(first, items.slice(0, at), whole), tree(items.slice(at))]
      : [...proof(first - at, items.slice(at), false), tree(items.slice(0, at))];
  };
  const request = (first: number, second: number) => ({
    origin: 'a',
    size: second,
    rootHash: tree(leaves.slice(0, second)).toString('base64'),
    ...(first === 0 ? {} : { consistency: proof(first, leaves.slice(0, second)).map(encodeBase64) }),
  });

  it('are accepted along every path through a log, and demanded', async () => {
    const strict = await open();
    let last = 0;
    for (const size of [1, 2, 3, 4, 6, 7, 8, 15, 16, 17, 31, 33, 40]) {
      await strict.signCheckpoint(request(last, size));
      last = size;
    }
  });
  it('that do not hold, are missing or are for another size are refused', async () => {
    const strict = await open();
    await strict.signCheckpoint(request(0, 5));
    const { consistency, ...bare } = request(5, 9);
    await expect(strict.signCheckpoint(bare)).rejects.toEqual(fork);
    await expect(strict.signCheckpoint({ ...bare, rootHash: root(1), consistency: consistency! })).rejects.toEqual(fork);
    await expect(strict.signCheckpoint({ ...bare, consistency: consistency!.slice(1) })).rejects.toEqual(fork);
    await expect(strict.signCheckpoint({ ...bare, consistency: [...consistency!, root(1)] })).rejects.toEqual(fork);
    await expect(strict.signCheckpoint(request(4, 9))).rejects.toEqual(fork);
    await strict.signCheckpoint(request(5, 9));
  });
});

describe('entry timestamps', () => {
  const entry = async (change: object = {}) => ({
    body: encodeBase64(canonicalJson({ apiVersion: '0.0.1', kind: 'hashedrekord', spec: {} })),
    integratedTime: now / 1000,
    logID: (await signer.publicKeys()).logId,
    logIndex: 0,
    ...change,
  });
  it('are signed over canonical JSON, many at once', async () => {
    const entries = await Promise.all(Array.from({ length: 100 }, (_, logIndex) => entry({ logIndex })));
    const signatures = await signer.signEntryTimestamps(entries);
    const key = loadPublicKey((await signer.publicKeys()).log);
    expect(entries.every((item, index) => key.verify(entryTimestampBytes(item), signatures[index]!))).toBe(true);
  });
  it.each<[string, object]>([
    ['of another log', { logID: 'b'.repeat(64) }],
    ['from the future', { integratedTime: now / 1000 + 1000 }],
    ['that are bytes', { body: encodeBase64('anything') }],
    ['that are other JSON', { body: encodeBase64('{"a":1}') }],
    ['that are not canonical', { body: encodeBase64('{"kind":"a","apiVersion":"1","spec":{}}') }],
    ['with a member too many', { extra: 1 }],
    ['with a negative index', { logIndex: -1 }],
  ])('%s are refused', async (_, change) => {
    await expect(signer.signEntryTimestamps([await entry(change)])).rejects.toEqual(refused);
  });
  it('are refused by the thousand and one', async () => {
    await expect(signer.signEntryTimestamps(Array(1001).fill(await entry()))).rejects.toEqual(refused);
  });
  it('of the log are sent as batches, and a bad one fails alone', async () => {
    let calls = 0;
    const log = await logSigner({ ...signer, signEntryTimestamps: (entries) => ((calls += 1), signer.signEntryTimestamps(entries)) });
    const entries = await Promise.all(Array.from({ length: 50 }, (_, logIndex) => entry({ logIndex })));
    const bytes = entries.map(entryTimestampBytes);
    const signatures = await Promise.all(bytes.map((item) => log.signEntryTimestamp(item)));
    expect(calls).toBe(1);
    const key = loadPublicKey(log.publicKeyPem);
    expect(signatures.every((signature, index) => key.verify(bytes[index]!, signature))).toBe(true);
    const bad = entryTimestampBytes(await entry({ logID: 'b'.repeat(64) }));
    const outcomes = await Promise.allSettled([bytes[0]!, bad, bytes[1]!].map((item) => log.signEntryTimestamp(item)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const checkpoint = await log.signCheckpoint(`a\n3\n${root(1)}\n`);
    expect(key.verify(Buffer.from(`a\n3\n${root(1)}\n`), checkpoint)).toBe(true);
    await expect(log.signCheckpoint('anything')).rejects.toEqual(refused);
    await expect(log.signCheckpoint(`a\n3\n${root(1)}\nextension\n`)).rejects.toEqual(refused);
  });
});

describe('over its socket', () => {
  it('serves the same, and nothing else', async () => {
    const socketPath = join(folder, 's');
    const served = await startSigner({ keysDirectory: keysDirectory(), password: 'p', now: () => now, socketPath });
    const connection = await connectIpc(socketPath);
    try {
      expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
      const remote = signerClient(() => connection);
      const keys = await remote.publicKeys();
      expect(keys).toEqual(await signer.publicKeys());
      const provenance = loadPublicKey(keys.provenance);
      verifyEnvelope(await remote.signStatement(statement), [provenance]);
      const simple = await remote.signSimpleSigning({ digest: `sha256:${sha256}`, reference: 'a' });
      expect(provenance.verify(simple.payload, Buffer.from(simple.signature, 'base64'))).toBe(true);
      expect(
        loadPublicKey(keys.log).verify(
          Buffer.from(`a\n1\n${root(1)}\n`),
          await remote.signCheckpoint({ origin: 'a', size: 1, rootHash: root(1) }),
        ),
      ).toBe(true);
      expect(await remote.signEntryTimestamps([])).toEqual([]);
      await expect(remote.signCheckpoint({ origin: 'a', size: 1, rootHash: root(2) })).rejects.toEqual(fork);
      for (const method of ['sign', 'signBytes', 'privateKey', 'constructor', '__proto__']) {
        await expect(connection.call(method, { payload: encodeBase64(randomBytes(32)) })).rejects.toEqual(
          expect.objectContaining({ code: 'CORE_IPC_METHOD' }),
        );
      }
      await expect(connection.call('signStatement', { statement, raw: 'x' })).rejects.toEqual(refused);
      await expect(connection.call('signStatement', 'text')).rejects.toEqual(refused);
    } finally {
      connection.close();
      await served.close();
    }
  });
});
