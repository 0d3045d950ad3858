import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal, Log } from '../../src/index.ts';
import { openFileJournal } from '../../src/append/file-journal.ts';
import { fileStorage } from '../../src/tiles/file-storage.ts';
import { hashedrekord, openTestLog, temporaryDirectory, testSigner, userKeyPem } from '../support.ts';

describe('damage', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  const signer = testSigner();
  let log: Log | undefined;
  const at = (...names: string[]) => join(directory.path, 'log', ...names);
  const open = async () => (log = await openTestLog(directory.path, signer));
  const add = (count: number) => Promise.all(Array.from({ length: count }, (_, index) => (log as Log).append(hashedrekord(`${index}`))));

  beforeEach(async () => {
    signer.roots.clear();
    directory = await temporaryDirectory();
    log = undefined;
  });

  afterEach(async () => {
    await log?.close().catch(() => {});
    await directory.remove();
  });

  async function flip(path: string, offset: number): Promise<void> {
    const data = await readFile(path);
    data[offset] = (data[offset] as number) ^ 0x10;
    await writeFile(path, data);
  }

  it.each([
    ['the right tile', ['tile', '0', '001.p', '14'], 40],
    ['the tile above', ['tile', '1', '000.p', '1'], 3],
    ['the last bundle', ['tile', 'entries', '001.p', '14'], 300],
    ['the bundle before', ['tile', 'entries', '000'], 3000],
    ['the checkpoint', ['checkpoint'], 30],
  ])('a flipped bit in %s is found at the next start', async (_, name, offset) => {
    await open();
    await add(270);
    await log?.close();
    await flip(at(...name), offset);
    await expect(open()).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
  });

  it.each([
    ['a full tile', ['tile', '0', '000'], 999, 'tile/0/000'],
    ['a full bundle', ['tile', 'entries', '000'], 3000, 'record 0'],
    ['a record', ['record', '000'], 9, 'record 0'],
  ])('fsck finds a flipped bit in %s far from the end', async (_, name, offset, where) => {
    await open();
    await add(600);
    await log?.flush();
    await flip(at(...name), offset);
    const { problems } = await (log as Log).fsck();
    expect(problems.map((problem) => problem.where)).toContain(where);
    if (name[0] === 'tile') {
      await log?.close();
      await open();
      const reads = await Promise.allSettled(Array.from({ length: 64 }, (_, index) => (log as Log).get(index)));
      const refused = reads.flatMap((read) => (read.status === 'rejected' ? [(read.reason as { code: string }).code] : []));
      expect(new Set(refused)).toEqual(new Set(['LOG_CORRUPT']));
    }
  });

  it('a missing tile or bundle is found', async () => {
    await open();
    await add(10);
    await log?.close();
    await rm(at('tile', 'entries', '000.p', '10'));
    await expect(open()).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
  });

  it('an older tree under a newer index is refused: acknowledged entries are missing', async () => {
    await open();
    await add(3);
    await log?.close();
    for (const name of ['tile', 'record', 'journal']) await rm(at(name), { recursive: true });
    await rm(at('checkpoint'));
    await expect(open()).rejects.toMatchObject({ code: 'LOG_TAIL_LOST' });
  });

  it('a lost index is made again', async () => {
    await open();
    const [first] = await add(5);
    await log?.close();
    for (const name of ['log.sqlite', 'log.sqlite-wal', 'log.sqlite-shm']) await rm(at(name), { force: true });
    await open();
    expect((await (log as Log).get(first?.uuid as string)).entry.logIndex).toBe(0);
    expect((await (log as Log).fsck()).problems).toEqual([]);
  });

  it('an index whose making again was cut short is finished at the next start', async () => {
    await open();
    await add(300);
    await log?.close();
    const database = new DatabaseSync(at('log.sqlite'));
    database.exec('DELETE FROM log_head; DELETE FROM log_entries WHERE idx > 100; DELETE FROM log_keys WHERE idx > 50');
    database.close();
    await open();
    expect((await (log as Log).get(299)).entry.logIndex).toBe(299);
    expect(await (log as Log).search({ publicKey: userKeyPem })).toHaveLength(300);
    expect((await (log as Log).fsck()).problems).toEqual([]);
  });

  it('a signer that fails: nothing is acknowledged, the entries stay, the next commit publishes them', async () => {
    await open();
    const proposed = hashedrekord('sealed');
    const { signCheckpoint } = signer;
    signer.signCheckpoint = () => Promise.reject(new Error('the signer is gone'));
    await expect((log as Log).append(proposed)).rejects.toMatchObject({ code: 'LOG_SIGNER' });
    expect((log as Log).info().treeSize).toBe(0);
    signer.signCheckpoint = signCheckpoint;
    expect(await (log as Log).append(proposed)).toMatchObject({ existed: true });
    expect((log as Log).info().treeSize).toBe(1);
    expect((await (log as Log).fsck()).problems).toEqual([]);
  });

  it('a full disk under the journal: refused, nothing integrated, and it goes on when there is room', async () => {
    const real = await openFileJournal(at('journal'));
    let full = false;
    const append = (record: Uint8Array) => (full ? Promise.reject(new Error('ENOSPC')) : real.append(record));
    log = await openTestLog(directory.path, signer, { journal: { ...real, append } });
    await add(2);
    full = true;
    await expect(log.append(hashedrekord('no room'))).rejects.toThrow('ENOSPC');
    expect(log.info().treeSize).toBe(2);
    full = false;
    await add(1);
    expect(log.info().treeSize).toBe(3);
    expect((await log.fsck()).problems).toEqual([]);
  });

  it('a full disk under the tiles: entries are still acknowledged, and survive a restart', async () => {
    const errors: unknown[] = [];
    const storage = fileStorage(at());
    const write = () => Promise.reject(new Error('ENOSPC'));
    await open();
    await log?.close();
    log = await openTestLog(directory.path, signer, { storage: { ...storage, write }, onError: (error) => errors.push(error) });
    const [first] = await add(4);
    await expect(log.flush()).rejects.toThrow('ENOSPC');
    await log.close().catch(() => {});
    await open();
    expect((await log.get(first?.uuid as string)).entry.logIndex).toBe(0);
    expect((await log.fsck()).problems).toEqual([]);
  });

  it('a failed signature, then a crash: the same root is signed at the next start', async () => {
    await open();
    const { signEntryTimestamp } = signer;
    signer.signEntryTimestamp = () => Promise.reject(new Error('the signer is gone'));
    await expect((log as Log).append(hashedrekord('sealed'))).rejects.toMatchObject({ code: 'LOG_SIGNER' });
    signer.signEntryTimestamp = signEntryTimestamp;
    const root = signer.roots.get('1');
    await log?.close();
    await open();
    expect((log as Log).info().treeSize).toBe(1);
    expect(root).toBeDefined();
    expect(signer.roots.get('1')).toBe(root);
  });

  describe('the journal', () => {
    let journal: Journal;
    const reopen = async () => {
      await journal?.close();
      journal = await openFileJournal(at('journal'));
      return (await journal.recover()).map((record) => record.toString());
    };
    const segments = async () => (await readdir(at('journal'))).toSorted((a, b) => Number(a) - Number(b));

    async function fill(): Promise<string> {
      expect(await reopen()).toEqual([]);
      for (const record of ['one', 'two', 'three']) await journal.append(Buffer.from(record));
      return at('journal', (await segments()).at(-1) as string);
    }

    it('drops a torn last record, at any length', async () => {
      const path = await fill();
      const { size } = await stat(path);
      for (let cut = 1; cut < 49; cut += 6) {
        await truncate(path, size - cut);
        expect(await reopen()).toEqual(['one', 'two']);
      }
    });

    it('drops what a power cut left behind the last record: zeros or noise', async () => {
      const path = await fill();
      await appendFile(path, Buffer.alloc(500));
      expect(await reopen()).toEqual(['one', 'two', 'three']);
    });

    it('refuses damage before its end', async () => {
      const path = await fill();
      await flip(path, 45);
      await expect(reopen()).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    });

    it('forgets only what was rolled past', async () => {
      await fill();
      await journal.prepareRoll();
      journal.roll();
      await journal.append(Buffer.from('four'));
      await journal.forget();
      expect(await reopen()).toEqual(['four']);
    });
  });
});
