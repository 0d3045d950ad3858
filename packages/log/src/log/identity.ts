import { createPublicKey, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, errorCode, parseJson } from '@colophon/core';
import { durable } from '@colophon/store';
import { logErrors } from '../errors.ts';
import { rekorOrigin } from '../note/checkpoint.ts';
import { spkiId, spkiNoteKey, type NoteKey } from '../note/key.ts';
import type { LogSigner } from './signer.ts';

/** Who a log is; fixed at its creation, since witnesses and trusted roots know it by this. */
export interface LogIdentity {
  readonly hostname: string;
  readonly treeId: bigint;
  /** Hex SHA-256 of the key's SPKI. */
  readonly logId: string;
  readonly publicKeyPem: string;
  readonly origin: string;
  readonly noteKey: NoteKey;
}

interface Stored {
  readonly version: number;
  readonly hostname: string;
  /** Decimal: larger than JSON numbers can be. */
  readonly treeId: string;
  readonly logId: string;
  /** Of the first start, RFC 3339. */
  readonly created: string;
}

/**
 * Reads `log.json`, or makes it for a new log. Throws LOG_IDENTITY if the key is another one, or if a host name is
 * given that is not the log's.
 */
export async function openIdentity(
  directory: string,
  signer: LogSigner,
  options: { hostname?: string; treeId?: bigint; now: () => Date },
): Promise<LogIdentity> {
  const path = join(directory, 'log.json');
  const stored = (await read(path)) ?? (await create(path, signer, options));
  if (stored.version !== 1) throw logErrors.error('LOG_IDENTITY', `the log's data has version ${stored.version}; this program knows 1`);
  const key = createPublicKey(signer.publicKeyPem);
  const logId = spkiId(key).toString('hex');
  const mismatch = (what: string, expected: string, found: string) =>
    logErrors.error('LOG_IDENTITY', `the log's ${what} is ${expected}, not ${found}`, { details: { expected, found } });
  if (signer.logId !== logId) throw mismatch('id by its key', logId, signer.logId);
  if (stored.logId !== logId) throw mismatch('key id', stored.logId, logId);
  if (options.hostname !== undefined && options.hostname !== stored.hostname)
    throw mismatch('host name', stored.hostname, options.hostname);
  const treeId = BigInt(stored.treeId);
  return {
    hostname: stored.hostname,
    treeId,
    logId,
    publicKeyPem: signer.publicKeyPem,
    origin: rekorOrigin(stored.hostname, treeId),
    noteKey: spkiNoteKey(stored.hostname, key),
  };
}

async function read(path: string): Promise<Stored | undefined> {
  try {
    return parseJson(await readFile(path), path) as Stored;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function create(path: string, signer: LogSigner, options: { hostname?: string; treeId?: bigint; now: () => Date }): Promise<Stored> {
  const { hostname } = options;
  if (hostname === undefined || !/^[A-Za-z0-9.-]{1,253}$/.test(hostname)) {
    throw logErrors.error('LOG_IDENTITY', `a new log needs a host name; ${JSON.stringify(hostname ?? '')} is none`);
  }
  const stored: Stored = {
    version: 1,
    hostname,
    treeId: String(options.treeId ?? randomTreeId()),
    logId: signer.logId,
    created: options.now().toISOString(),
  };
  await durable.writeFile(path, `${canonicalJson(stored)}\n`);
  return stored;
}

/** Rekor's tree ids are positive 63-bit numbers; rekor-cli refuses zero. */
function randomTreeId(): bigint {
  return (randomBytes(8).readBigUInt64BE() >> 1n) | (1n << 60n);
}
