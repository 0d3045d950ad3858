import { spawn, type ChildProcess } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import {
  hashLeaf,
  parseCheckpoint,
  rootFromInclusion,
  spkiNoteKey,
  verifyConsistency,
  verifyNote,
  type LogEntry,
} from '../../src/index.ts';
import { hashedrekord, openTestLog, temporaryDirectory, testSigner } from '../support.ts';

const rounds = 5;
const writers = 16;

describe('kill -9 under writers', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let child: ChildProcess | undefined;

  afterEach(() => child?.kill('SIGKILL'));

  async function start(path: string): Promise<string> {
    const program = fileURLToPath(new URL('./child-log.ts', import.meta.url));
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    child = spawn(process.execPath, ['--conditions=colophon-source', program, path, pem], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    return line.toString().trim();
  }

  it(`nothing acknowledged is lost, no two roots for one size (${rounds} kills)`, async () => {
    const directory = await temporaryDirectory();
    const acknowledged = new Map<string, LogEntry>();
    const heads: { size: number; root: Buffer }[] = [];
    let counter = 0;

    const write = async (url: string): Promise<void> => {
      for (;;) {
        const body = JSON.stringify(hashedrekord(`entry ${counter++}`));
        const response = await fetch(`${url}/api/v1/log/entries`, { method: 'POST', body }).catch(() => undefined);
        const reply = (await response?.json().catch(() => undefined)) as Record<string, LogEntry> | undefined;
        if (reply === undefined) return;
        if (response?.status !== 201) throw new Error(`status ${response?.status}: ${JSON.stringify(reply)}`);
        for (const [uuid, entry] of Object.entries(reply)) acknowledged.set(uuid, entry);
      }
    };

    for (let round = 0; round < rounds; round += 1) {
      const url = await start(directory.path);
      const until = acknowledged.size + 20 + 37 * round;
      const writing = Promise.all(Array.from({ length: writers }, () => write(url)));
      while (acknowledged.size < until) await new Promise((resolve) => setTimeout(resolve, 5));
      child?.kill('SIGKILL');
      await once(child as ChildProcess, 'exit');
      await writing;
    }

    const log = await openTestLog(directory.path, testSigner({ privateKey, publicKey }));
    expect(log.head.size).toBeGreaterThanOrEqual(acknowledged.size);
    for (const [uuid, entry] of acknowledged) {
      const now = (await log.get(uuid)).entry;
      expect(now).toMatchObject({ body: entry.body, logIndex: entry.logIndex, integratedTime: entry.integratedTime });
      const { inclusionProof } = entry.verification;
      const { checkpoint, note } = parseCheckpoint(inclusionProof.checkpoint);
      verifyNote(note, spkiNoteKey('rekor.local', createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))));
      const hashes = inclusionProof.hashes.map((hash) => Buffer.from(hash, 'hex'));
      const leafHash = hashLeaf(Buffer.from(entry.body, 'base64'));
      const root = rootFromInclusion({ index: entry.logIndex, size: inclusionProof.treeSize, leafHash, hashes });
      expect(root.equals(checkpoint.rootHash)).toBe(true);
      heads.push({ size: checkpoint.size, root });
    }
    // Every checkpoint that was ever given out, before any kill, is of this one history.
    for (const { size, root } of heads) {
      const { hashes } = await log.consistencyProof(size, log.head.size);
      const proof = { firstSize: size, firstRoot: root, secondSize: log.head.size, secondRoot: log.head.rootHash };
      verifyConsistency({ ...proof, hashes: hashes.map((hash) => Buffer.from(hash, 'hex')) });
    }
    expect((await log.fsck()).problems).toEqual([]);
    await log.close();
    await directory.remove();
  });
});
