import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Log } from '@colophon/log';
import { hashedrekord, intoto, openTestLog, testSigner, userKeyPem } from '../../../log/test/support.ts';
import { colophon, temporary, type Ended } from '../support/process.ts';
import { serveLog, type LyingLog } from '../support/rekor.ts';

// Each command is a process of its own, and the machine may be busy.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const image = 'c'.repeat(64);
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'localhost:1/a/cc', digest: { sha256: image } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {
    buildDefinition: {
      buildType: 'https://colophon.dev/buildtypes/pipelinerun/v1',
      externalParameters: { source: { uri: 'git+https://example.org/r' } },
      resolvedDependencies: [
        { name: 'source/source', uri: 'git+https://example.org/r', digest: { gitCommit: 'a'.repeat(40) } },
        { name: 'package/one', uri: 'pkg:deb/debian/one@1?arch=amd64', digest: { sha256: 'b'.repeat(64) } },
        { name: 'package/two', uri: 'pkg:deb/debian/two@1?arch=amd64', digest: { sha256: 'd'.repeat(64) } },
      ],
    },
    runDetails: { builder: { id: 'https://example.org/builders/sandbox' } },
  },
};

let cwd: string;
let remove: () => Promise<void>;
let log: Log;
let served: LyingLog;
let attested: string;

beforeAll(async () => {
  ({ path: cwd, remove } = await temporary());
  log = await openTestLog(cwd, testSigner());
  await log.append(hashedrekord('zero'));
  ({ uuid: attested } = await log.append(intoto(statement)));
  await log.append(hashedrekord('two'));
  served = await serveLog(log);
  await writeFile(join(cwd, 'log.pub'), log.identity.publicKeyPem);
  await writeFile(join(cwd, 'user.pub'), userKeyPem);
  await writeFile(
    join(cwd, 'other.pub'),
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }),
  );
});
beforeEach(() => {
  served.alter = (_path, answer) => answer;
  served.key = log.identity.publicKeyPem;
});
afterAll(async () => {
  await served.close();
  await log.close();
  await remove();
});

function run(...args: string[]): Promise<Ended> {
  return colophon(['log', ...args, '--rekor-url', served.url], { cwd });
}

test('an entry by index and id: every proof, and the statement in words', async () => {
  const byIndex = await run('get', '1', '--log-key', 'log.pub');
  expect(byIndex.code, byIndex.out).toBe(0);
  for (const words of [
    'built by    https://example.org/builders/sandbox',
    `git+https://example.org/r gitCommit:${'a'.repeat(40)}`,
    '2 Debian packages',
    `sha256:${image}`,
    'signed by   key ecdsa-p256',
  ])
    expect(byIndex.out).toContain(words);
  expect(byIndex.out).toContain('key from log.pub');
  expect(byIndex.out).not.toContain('own word');
  for (const id of [attested, attested.slice(-64), attested.toUpperCase()]) {
    const { code, json } = await run('get', id, '-o', 'json');
    expect(code).toBe(0);
    expect(json()).toMatchObject({
      log: { key: { given: false } },
      entry: { logIndex: 1, verdict: 'proven', statement: { predicateType: statement.predicateType } },
    });
    expect(json<{ entry: { proofs: { outcome: string }[] } }>().entry.proofs.map(({ outcome }) => outcome)).toEqual(
      Array(5).fill('passed'),
    );
  }
  expect((await run('get', '1')).out).toContain('the log’s own word');
});

test('found by digest and key; nothing found is 3', async () => {
  const found = await run('search', '--sha', `sha256:${image}`, '-o', 'json');
  expect(found.code).toBe(0);
  expect(found.json()).toMatchObject({ found: 1, entries: [{ uuid: attested, verdict: 'proven' }] });
  const all = await run('search', '--public-key', 'user.pub', '--limit', '2', '-o', 'json');
  expect(all.json<{ found: number; entries: { logIndex: number }[] }>()).toMatchObject({
    found: 3,
    entries: [{ logIndex: 1 }, { logIndex: 2 }],
  });
  expect((await run('search', '--sha', 'f'.repeat(64))).code).toBe(3);
  expect((await run('search', '--email', 'nobody@example.org')).code).toBe(3);
});

test('info holds the tree head against the key', async () => {
  const info = await run('info', '-o', 'json');
  expect(info.json()).toMatchObject({ treeSize: 3, origin: log.identity.origin });
  expect((await run('info', '--log-key', 'other.pub')).code).toBe(5);
  served.alter = (_path, answer) => ({ ...answer, treeSize: 4 });
  expect((await run('info')).code).toBe(5);
  served.alter = (_path, answer) => ({ ...answer, signedTreeHead: answer.signedTreeHead.replace('\n3\n', '\n2\n') });
  expect((await run('info')).code).toBe(5);
});

/** What a log may do to the one entry of an answer. */
type Lie = (entry: any, uuid: string) => unknown;

describe('a lying log is not believed', () => {
  const edit = (lie: Lie) => (path: string, answer: any) =>
    path.includes('/entries')
      ? Object.fromEntries(Object.entries(answer).map(([uuid, entry]) => [uuid, lie(structuredClone(entry), uuid)]))
      : answer;
  const flip = (base64: string) => {
    const bytes = Buffer.from(base64, 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    return bytes.toString('base64');
  };

  test.each<[string, string, Lie]>([
    [
      'timestamp',
      'its timestamp',
      (entry) => ((entry.verification.signedEntryTimestamp = flip(entry.verification.signedEntryTimestamp)), entry),
    ],
    ['timestamp', 'its time', (entry) => ({ ...entry, integratedTime: entry.integratedTime - 1 })],
    ['timestamp', 'the log that it is of', (entry) => ({ ...entry, logID: 'a'.repeat(64) })],
    ['inclusion', 'a hash of the proof', (entry) => ((entry.verification.inclusionProof.hashes[0] = 'a'.repeat(64)), entry)],
    ['inclusion', 'no proof', (entry) => (delete entry.verification.inclusionProof, entry)],
    [
      'checkpoint',
      'the size of the tree',
      (entry) => (
        (entry.verification.inclusionProof.checkpoint = entry.verification.inclusionProof.checkpoint.replace('\n3\n', '\n4\n')),
        entry
      ),
    ],
    [
      'checkpoint',
      'a checkpoint of nobody',
      (entry) => ((entry.verification.inclusionProof.checkpoint = 'rekor.local - 1\n3\nAAAA\n'), entry),
    ],
    [
      'attestation',
      'the attestation',
      (entry) => ((entry.attestation.data = Buffer.from(JSON.stringify({ ...statement, subject: [] })).toString('base64')), entry),
    ],
    [
      'id',
      'the body',
      (entry) => (
        (entry.body = Buffer.from(Buffer.from(entry.body, 'base64').toString().replace('intoto', 'intoto ')).toString('base64')),
        entry
      ),
    ],
  ])('%s: %s', async (name, _what, lie) => {
    served.alter = edit(lie);
    const { code, json } = await run('get', '1', '-o', 'json');
    expect(code).toBe(5);
    const { entry } = json<{ entry: { verdict: string; statement?: unknown; proofs: { name: string; outcome: string }[] } }>();
    expect(entry.verdict).toBe('unproven');
    expect(entry.proofs).toContainEqual(expect.objectContaining({ name, outcome: 'failed' }));
    if (name === 'attestation') expect(entry.statement).toBeUndefined();
    expect((await run('search', '--sha', image)).code).toBe(5);
  });

  test('a true entry, but another one than was asked for', async () => {
    const other = await log.get(0);
    served.alter = (path, answer) => (path.includes('/entries') ? { [other.uuid]: other.entry } : answer);
    expect((await run('get', '1')).code).toBe(5);
    expect((await run('get', attested)).code).toBe(5);
    expect((await run('search', '--sha', image)).code).toBe(5);
    // Answered with its own id, nothing but its content gives it away.
    served.alter = (path, answer) => (path.includes('/index/') ? [other.uuid] : answer);
    const lured = await run('search', '--sha', image, '-o', 'json');
    expect(lured.code).toBe(5);
    expect(lured.json<{ entries: { proofs: unknown[] }[] }>().entries[0]?.proofs).toContainEqual(
      expect.objectContaining({ name: 'match', outcome: 'failed' }),
    );
  });

  test('a log with another key than the one that is known', async () => {
    const { code, out } = await run('get', '1', '--log-key', 'other.pub');
    expect(code).toBe(5);
    expect(out).toContain('unproven');
  });

  test.each<[string, unknown]>([
    ['a list', []],
    ['no entry', {}],
    ['two entries', { ['a'.repeat(64)]: {}, ['b'.repeat(64)]: {} }],
    ['an entry without members', { ['a'.repeat(64)]: {} }],
    ['an id that is none', { '../../x': { body: '' } }],
    ['a body that is no JSON', { ['a'.repeat(64)]: { body: 'AAAA', integratedTime: 1, logID: 'x', logIndex: 1 } }],
    ['no JSON at all', 'not json'],
  ])('an answer that is none: %s', async (_what, answer) => {
    served.alter = () => answer;
    const { code, out } = await run('get', '1');
    expect([3, 6]).toContain(code);
    expect(out).toBe('');
  });

  test('names cannot steer the terminal', async () => {
    const evil = { ...statement, subject: [{ name: '\u001b]0;owned\u0007\u001b[2J', digest: { sha256: 'e'.repeat(64) } }] };
    const { uuid } = await log.append(intoto(evil));
    const { code, out } = await run('get', uuid);
    expect(code).toBe(0);
    expect(out).not.toContain('\u001b');
    expect(out).toContain('owned');
  });
});

test('wrong usage; a log whose key is not known', async () => {
  for (const args of [
    ['get', 'x'],
    ['get', '-1'],
    ['get', '../../etc'],
    ['search'],
    ['search', '--sha', 'abc'],
    ['search', '--sha', image, '--email', 'a@b'],
    ['search', '--public-key', 'missing'],
    ['search', '--sha', image, '--limit', '0'],
    ['get', '1', '--log-key', 'missing'],
  ])
    expect((await run(...args)).code, args.join(' ')).toBe(2);
  expect((await colophon(['log', 'info', '--rekor-url', 'file:///etc/passwd'], { cwd })).code).toBe(2);
  expect((await run('get', '999')).code).toBe(3);
  served.key = undefined;
  const unknown = await run('get', '1');
  expect(unknown.code).toBe(2);
  expect(unknown.err).toContain('--log-key');
  expect((await run('get', '1', '--log-key', 'log.pub')).code).toBe(0);
});
