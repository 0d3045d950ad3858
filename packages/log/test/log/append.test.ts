import { createPublicKey, verify } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  hashLeaf,
  parseCheckpoint,
  rootFromInclusion,
  spkiNoteKey,
  timestampBytes,
  verifyConsistency,
  verifyNote,
  type Log,
  type LogEntry,
} from '../../src/index.ts';
import { dsse, hashedrekord, intoto, openTestLog, temporaryDirectory, testSigner, userKeyPem } from '../support.ts';

const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'image', digest: { sha256: 'ab'.repeat(32) } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: { buildDefinition: { resolvedDependencies: [{ uri: 'git+https://example.org/x', digest: { gitCommit: 'cd'.repeat(20) } }] } },
};

describe('the log', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  const signer = testSigner();
  let log: Log;

  beforeEach(async () => {
    signer.roots.clear();
    directory = await temporaryDirectory();
    log = await openTestLog(directory.path, signer);
  });

  afterEach(async () => {
    await log.close();
    await directory.remove();
  });

  /** What a client checks of a reply: SET, inclusion, checkpoint. */
  function verifyReply(entry: LogEntry): void {
    const key = createPublicKey(signer.publicKeyPem);
    const { inclusionProof, signedEntryTimestamp } = entry.verification;
    expect(verify('sha256', timestampBytes(entry), key, Buffer.from(signedEntryTimestamp, 'base64'))).toBe(true);
    const { checkpoint, note } = parseCheckpoint(inclusionProof.checkpoint);
    verifyNote(note, spkiNoteKey('rekor.local', key));
    const root = rootFromInclusion({
      index: inclusionProof.logIndex,
      size: inclusionProof.treeSize,
      leafHash: hashLeaf(Buffer.from(entry.body, 'base64')),
      hashes: inclusionProof.hashes.map((hash) => Buffer.from(hash, 'hex')),
    });
    expect(root.toString('hex')).toBe(inclusionProof.rootHash);
    expect(checkpoint.rootHash.equals(root)).toBe(true);
    expect(checkpoint.size).toBe(inclusionProof.treeSize);
  }

  it('is empty and signed at first', () => {
    expect(log.info()).toMatchObject({
      treeSize: 0,
      rootHash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      inactiveShards: [],
    });
    expect(parseCheckpoint(log.info().signedTreeHead).checkpoint.origin).toBe(`rekor.local - ${log.info().treeID}`);
  });

  it.each([
    ['hashedrekord', hashedrekord('a')],
    ['dsse', dsse(statement)],
    ['intoto', intoto(statement)],
  ])('%s: the reply proves itself, and the entry is found at once', async (_, proposed) => {
    const { uuid, entry, existed } = await log.append(proposed);
    expect(existed).toBe(false);
    expect(uuid).toMatch(/^[0-9a-f]{80}$/);
    verifyReply(entry);
    for (const which of [0, uuid, uuid.slice(16)]) verifyReply((await log.get(which)).entry);
    expect(await log.search({ publicKey: userKeyPem })).toEqual([uuid]);
  });

  it('an equivalent entry is not added again, alone or in one batch', async () => {
    const [first, second] = await Promise.all([log.append(hashedrekord('a')), log.append(hashedrekord('a'))]);
    // ECDSA signatures differ, so these are two entries; the same proposal twice is one.
    expect(first.uuid).not.toBe(second.uuid);
    const proposed = hashedrekord('b');
    const replies = await Promise.all([log.append(proposed), log.append(proposed), log.append(proposed)]);
    expect(new Set(replies.map(({ uuid }) => uuid)).size).toBe(1);
    expect(replies.filter(({ existed }) => existed)).toHaveLength(2);
    const again = await log.append(proposed);
    expect(again.existed).toBe(true);
    verifyReply(again.entry);
    expect(log.info().treeSize).toBe(3);
  });

  it('keeps the attestation of intoto and finds it by subject, payload and dependency', async () => {
    const { uuid } = await log.append(intoto(statement));
    const { entry } = await log.get(uuid);
    expect(JSON.parse(Buffer.from(entry.attestation?.data ?? '', 'base64').toString())).toEqual(statement);
    for (const hash of ['ab'.repeat(32), `sha256:${'AB'.repeat(32)}`]) expect(await log.search({ hash })).toEqual([uuid]);
    expect(await log.search({ hash: 'ef'.repeat(32) })).toEqual([]);
    expect(await log.search({ hash: 'ab'.repeat(32), publicKey: userKeyPem, operator: 'and' })).toEqual([uuid]);
    expect(await log.search({ hash: 'ef'.repeat(32), publicKey: userKeyPem, operator: 'and' })).toEqual([]);
  });

  it('grows past a tile; every proof and every consistency holds, before and after a restart', async () => {
    const heads: { size: number; root: Buffer }[] = [];
    for (const count of [1, 2, 60, 250, 300]) {
      const replies = await Promise.all(Array.from({ length: count }, (_, index) => log.append(hashedrekord(`${count} ${index}`))));
      for (const { entry } of replies) verifyReply(entry);
      heads.push({ size: log.head.size, root: log.head.rootHash });
    }
    for (let round = 0; round < 2; round += 1) {
      const last = heads.at(-1) as { size: number; root: Buffer };
      for (const first of heads) {
        const { hashes } = await log.consistencyProof(first.size, last.size);
        verifyConsistency({
          firstSize: first.size,
          firstRoot: first.root,
          secondSize: last.size,
          secondRoot: last.root,
          hashes: hashes.map((hash) => Buffer.from(hash, 'hex')),
        });
      }
      for (const index of [0, 1, 255, 256, 511, 512, 612]) verifyReply((await log.get(index)).entry);
      expect(await log.fsck()).toEqual({ size: 613, problems: [] });
      await log.close();
      log = await openTestLog(directory.path, signer);
      expect(log.head.rootHash.equals(last.root)).toBe(true);
    }
  });

  it('what cannot be proven is not answered', async () => {
    await expect(log.get(0)).rejects.toMatchObject({ code: 'LOG_NOT_FOUND' });
    await expect(log.get('ab'.repeat(40))).rejects.toMatchObject({ code: 'LOG_NOT_FOUND' });
    await expect(log.get('xyz')).rejects.toMatchObject({ code: 'LOG_QUERY_INVALID' });
    await expect(log.consistencyProof(1, 5)).rejects.toMatchObject({ code: 'LOG_SIZE_UNKNOWN' });
    await expect(log.search({})).rejects.toMatchObject({ code: 'LOG_QUERY_INVALID' });
    await expect(log.append({ kind: 'hashedrekord', apiVersion: '0.0.1' })).rejects.toMatchObject({ code: 'LOG_ENTRY_INVALID' });
  });

  it('the index is made again from the tree', async () => {
    await log.append(intoto(statement));
    await Promise.all(Array.from({ length: 270 }, (_, index) => log.append(hashedrekord(`${index}`))));
    const before = await log.search({ publicKey: userKeyPem });
    expect(await log.rebuildIndex()).toEqual({ entries: 271 });
    expect(await log.search({ publicKey: userKeyPem })).toEqual(before);
    expect(await log.search({ hash: 'ab'.repeat(32) })).toHaveLength(1);
    expect((await log.fsck()).problems).toEqual([]);
  });

  it('has one writer', async () => {
    await expect(openTestLog(directory.path, signer)).rejects.toMatchObject({ code: 'LOG_LOCKED' });
  });

  it('keeps its name and key', async () => {
    await log.close();
    await expect(openTestLog(directory.path, signer, { hostname: 'other.example' })).rejects.toMatchObject({ code: 'LOG_IDENTITY' });
    await expect(openTestLog(directory.path, testSigner())).rejects.toMatchObject({ code: 'LOG_IDENTITY' });
    log = await openTestLog(directory.path, signer);
  });
});
