import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { ColophonError, coreErrors, spawnWorker, type ErrorRecord } from '@colophon/core';
import { logErrors } from '../errors.ts';
import type { PreparedEntry, PrepareOptions } from '../types/prepared.ts';

export interface PrepareRequest {
  readonly id: number;
  /** The proposed entry as it came: parsed only in the worker. */
  readonly json: Uint8Array;
  readonly options: PrepareOptions;
}

export type PrepareReply = { readonly id: number; readonly prepared: PreparedEntry } | { readonly id: number; readonly error: ErrorRecord };

interface Waiting {
  readonly request: PrepareRequest;
  resolve(entry: PreparedEntry): void;
  reject(error: Error): void;
}

interface Member {
  worker: Worker;
  readonly running: Map<number, Waiting>;
}

const maxWaiting = 8192;
const maxWaitingBytes = 256 * 1024 * 1024;
const perMessage = 16;
/** A second message waits at the worker while it has one in hand. */
const inHand = 2 * perMessage;

/**
 * Worker threads that parse and check proposed entries, so that neither a hostile entry nor a costly key holds up the
 * thread that answers requests. A worker that dies fails what it had in hand and is replaced.
 */
export class PreparePool {
  readonly #members: Member[] = [];
  readonly #queue: Waiting[] = [];
  #waitingBytes = 0;
  #nextId = 1;
  #closed = false;

  constructor(size = Math.max(2, Math.min(8, availableParallelism()))) {
    for (let index = 0; index < size; index += 1) this.#members.push(this.#member());
  }

  /** Throws LOG_ENTRY_* as `prepareEntry` does, LOG_BUSY, LOG_CLOSED. */
  async prepare(json: Uint8Array, options: PrepareOptions): Promise<PreparedEntry> {
    if (this.#closed) throw logErrors.error('LOG_CLOSED', 'the log is closed');
    if (this.#queue.length >= maxWaiting || this.#waitingBytes + json.length > maxWaitingBytes) {
      throw logErrors.error('LOG_BUSY', `${this.#queue.length} entries of ${this.#waitingBytes} bytes are waiting to be checked`);
    }
    this.#waitingBytes += json.length;
    try {
      return await new Promise<PreparedEntry>((resolve, reject) => {
        this.#queue.push({ request: { id: this.#nextId++, json, options }, resolve, reject });
        this.#dispatch();
      });
    } finally {
      this.#waitingBytes -= json.length;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const error = logErrors.error('LOG_CLOSED', 'the log is closed');
    for (const { reject } of this.#queue.splice(0)) reject(error);
    await Promise.all(
      this.#members.map(async ({ worker, running }) => {
        for (const { reject } of running.values()) reject(error);
        running.clear();
        await worker.terminate();
      }),
    );
  }

  #member(): Member {
    const member: Member = { worker: this.#spawn(() => member), running: new Map() };
    return member;
  }

  #spawn(member: () => Member): Worker {
    const worker = spawnWorker(import.meta.url, './prepare-worker');
    worker.unref();
    worker.on('message', (replies: readonly PrepareReply[]) => {
      for (const reply of replies) settle(member(), reply);
      if (member().running.size === 0) worker.unref();
      this.#dispatch();
    });
    worker.on('error', (cause) => this.#replace(member(), cause));
    worker.on('exit', () => this.#replace(member(), undefined));
    return worker;
  }

  #replace(member: Member, cause: unknown): void {
    if (this.#closed) return;
    for (const { reject } of member.running.values()) {
      reject(coreErrors.error('CORE_WORKER_FAILED', 'a worker that checks entries ended', { cause }));
    }
    member.running.clear();
    member.worker.removeAllListeners();
    member.worker = this.#spawn(() => member);
    this.#dispatch();
  }

  #dispatch(): void {
    for (const { worker, running } of this.#members) {
      if (this.#queue.length === 0) return;
      if (running.size > inHand - perMessage) continue;
      const share = Math.min(perMessage, Math.max(1, Math.ceil(this.#queue.length / this.#members.length)));
      const batch = this.#queue.splice(0, share);
      for (const waiting of batch) running.set(waiting.request.id, waiting);
      worker.ref();
      worker.postMessage(batch.map(({ request }) => request));
    }
  }
}

function settle({ running }: Member, reply: PrepareReply): void {
  const waiting = running.get(reply.id);
  running.delete(reply.id);
  if ('error' in reply) waiting?.reject(ColophonError.fromRecord(reply.error));
  else waiting?.resolve(restore(reply.prepared));
}

/** Buffers arrive from a worker as plain Uint8Arrays. */
function restore(prepared: PreparedEntry): PreparedEntry {
  const { attestation } = prepared;
  return {
    ...prepared,
    body: bufferOf(prepared.body),
    ...(attestation === undefined ? {} : { attestation: bufferOf(attestation) }),
  };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
