import { parseJson } from '@colophon/core';
import { refused } from './checks.ts';
import { signerLimits, type SignerClient } from './requests.ts';
import type { EntryTimestampPayload } from '../legacy/rekor-bundle.ts';

/** What the log asks of its signer; the room `log` declares the same shape. */
export interface LogSigner {
  readonly publicKeyPem: string;
  /** Hex SHA-256 of the SPKI. */
  readonly logId: string;
  /** `body` is the note's text: origin, size, base64 root, a line each. Gives the DER signature. */
  signCheckpoint(body: string, consistency?: readonly string[]): Promise<Buffer>;
  /** `bytes` is RFC 8785 of {body, integratedTime, logID, logIndex}. Gives the DER signature. */
  signEntryTimestamp(bytes: Uint8Array): Promise<Buffer>;
}

interface Waiting {
  readonly entry: EntryTimestampPayload;
  resolve(signature: Buffer): void;
  reject(error: unknown): void;
}

/** The log's view of a signer. Entry timestamps asked for in one turn of the event loop, or while a batch is under way, go out as one batch. */
export async function logSigner(client: SignerClient): Promise<LogSigner> {
  const { log, logId } = await client.publicKeys();
  const waiting: Waiting[] = [];
  let running = false;

  async function drain(): Promise<void> {
    running = true;
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.splice(0, signerLimits.entries);
      try {
        const signatures = await client.signEntryTimestamps(batch.map(({ entry }) => entry));
        batch.forEach(({ resolve }, index) => resolve(signatures[index] as Buffer));
      } catch (error) {
        if (batch.length === 1) batch[0]?.reject(error);
        else await Promise.all(batch.map(alone));
      }
    }
    running = false;
  }

  /** One bad entry must not fail its neighbours. */
  async function alone({ entry, resolve, reject }: Waiting): Promise<void> {
    try {
      const [signature] = await client.signEntryTimestamps([entry]);
      resolve(signature as Buffer);
    } catch (error) {
      reject(error);
    }
  }

  return {
    publicKeyPem: log,
    logId,
    signCheckpoint(body, consistency) {
      const [origin, size, rootHash, end, ...rest] = body.split('\n');
      if (origin === undefined || rootHash === undefined || end !== '' || rest.length > 0 || !/^(0|[1-9][0-9]{0,15})$/.test(size ?? '')) {
        return Promise.reject(refused('a checkpoint that is not of three lines'));
      }
      return client.signCheckpoint({ origin, size: Number(size), rootHash, ...(consistency === undefined ? {} : { consistency }) });
    },
    signEntryTimestamp(bytes) {
      return new Promise((resolve, reject) => {
        waiting.push({ entry: parseJson(bytes, 'the entry timestamp') as EntryTimestampPayload, resolve, reject });
        if (!running) void drain();
      });
    },
  };
}
