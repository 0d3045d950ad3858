import { generateKeyPairSync } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { logSigner, openSigner, type LogSigner } from '@colophon/sign';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../src/index.ts';
import { hashedrekord, openTestLog, temporaryDirectory } from '../support.ts';

describe("with Colophon's signer, which demands consistency proofs", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let signer: LogSigner;
  let log: Log | undefined;
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const add = (count: number, name: string) =>
    Promise.all(Array.from({ length: count }, (_, index) => (log as Log).append(hashedrekord(`${name} ${index}`, pair))));

  beforeEach(async () => {
    directory = await temporaryDirectory();
    const keysDirectory = join(directory.path, 'keys');
    signer = await logSigner(await openSigner({ keysDirectory, password: 'secret', requireConsistency: true }));
    log = await openTestLog(directory.path, signer);
  });

  afterEach(async () => {
    await log?.close().catch(() => {});
    await directory.remove();
  });

  it('every head extends the one before, over restarts too', async () => {
    for (const count of [1, 5, 300]) {
      await add(count, `${count}`);
      await log?.close();
      log = await openTestLog(directory.path, signer);
    }
    expect(log?.head.size).toBe(306);
    expect((await log?.fsck())?.problems).toEqual([]);
  });

  it('a signature whose reply was lost: the next head is proven from there', async () => {
    await add(3, 'before');
    const { signEntryTimestamp } = signer;
    signer.signEntryTimestamp = () => Promise.reject(new Error('the reply was lost'));
    await expect((log as Log).append(hashedrekord('lost', pair))).rejects.toMatchObject({ code: 'LOG_SIGNER' });
    signer.signEntryTimestamp = signEntryTimestamp;
    await add(2, 'after');
    expect(log?.head.size).toBe(6);
  });

  it('a log that was put back to an older state cannot fork: the signer refuses', async () => {
    await add(3, 'kept');
    await log?.close();
    await cp(join(directory.path, 'log'), join(directory.path, 'older'), { recursive: true });
    log = await openTestLog(directory.path, signer);
    await add(2, 'later');
    await log.close();
    await rm(join(directory.path, 'log'), { recursive: true });
    await cp(join(directory.path, 'older'), join(directory.path, 'log'), { recursive: true });
    log = await openTestLog(directory.path, signer);
    await expect(log.append(hashedrekord('another history', pair))).rejects.toMatchObject({ code: 'LOG_SIGNER' });
  });
});
