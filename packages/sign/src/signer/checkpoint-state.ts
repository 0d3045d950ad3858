import { readFile } from 'node:fs/promises';
import { canonicalJson, errorCode, parseJson } from '@colophon/core';
import { isRecord } from '../encoding/record.ts';
import { signErrors } from '../errors.ts';
import { isConsistent } from './consistency.ts';
import { durableFiles } from './durable-files.ts';
import type { CheckpointRequest } from './requests.ts';

export interface CheckpointState {
  /**
   * Allows a checkpoint or throws SIGN_CHECKPOINT_FORK. When it resolves the checkpoint is on disk as the last one, and only then may it be signed.
   * Calls are served one after the other. `allow` of the last checkpoint again is allowed: the log may have lost the reply.
   */
  allow(request: CheckpointRequest): Promise<void>;
}

interface Last {
  readonly logId: string;
  readonly origin: string;
  readonly size: number;
  readonly rootHash: string;
}

export interface StateOptions {
  /** Refuse a larger size without a consistency proof: then not even a front that was taken over can fork the log. Default: true. */
  readonly requireConsistency?: boolean;
}

/** One history for a key, whatever the origin: a fork under another name is still a fork to who knows the key only. */
export async function openCheckpointState(path: string, logId: string, options: StateOptions = {}): Promise<CheckpointState> {
  let last = await read(path, logId);
  let queue: Promise<unknown> = Promise.resolve();
  async function allow(request: CheckpointRequest): Promise<void> {
    const { origin, size, rootHash } = request;
    if (last !== undefined) check(request, last, options);
    if (last !== undefined && last.origin === origin && last.size === size) return;
    const next: Last = { logId, origin, size, rootHash };
    await (await durableFiles()).writeFile(path, `${canonicalJson(next)}\n`, { mode: 0o600 });
    last = next;
  }
  return {
    allow(request) {
      const done = queue.then(() => allow(request));
      queue = done.catch(() => undefined);
      return done;
    },
  };
}

function check(request: CheckpointRequest, last: Last, { requireConsistency = true }: StateOptions): void {
  const { size, rootHash, consistency } = request;
  if (size < last.size) throw fork(`size ${size} is smaller than the ${last.size} signed last`, last, request);
  if (size === last.size && rootHash !== last.rootHash) throw fork(`size ${size} was signed with another root`, last, request);
  if (consistency === undefined) {
    if (requireConsistency && size > last.size) throw fork(`no consistency proof from size ${last.size} to ${size}`, last, request);
    return;
  }
  const [before, after, ...proof] = [last.rootHash, rootHash, ...consistency].map((text) => Buffer.from(text, 'base64')) as [
    Buffer,
    Buffer,
    ...Buffer[],
  ];
  if (!isConsistent(last.size, size, before, after, proof)) throw fork(`size ${size} does not extend size ${last.size}`, last, request);
}

function fork(what: string, last: Last, { origin, size, rootHash }: CheckpointRequest): Error {
  return signErrors.error('SIGN_CHECKPOINT_FORK', `the signer refuses a checkpoint: ${what}`, {
    details: { expected: { origin: last.origin, size: last.size, rootHash: last.rootHash }, found: { origin, size, rootHash } },
  });
}

async function read(path: string, logId: string): Promise<Last | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const value = parseJson(text, path);
  if (
    !isRecord(value) ||
    typeof value['size'] !== 'number' ||
    typeof value['rootHash'] !== 'string' ||
    typeof value['origin'] !== 'string'
  ) {
    throw signErrors.error('SIGN_STATE_INVALID', `${path} is not a checkpoint state`);
  }
  if (value['logId'] !== logId)
    throw signErrors.error('SIGN_STATE_INVALID', `${path} belongs to the log key ${String(value['logId'])}, not ${logId}`);
  return value as unknown as Last;
}
