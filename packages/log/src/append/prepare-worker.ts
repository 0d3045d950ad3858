import { parentPort, type MessagePort } from 'node:worker_threads';
import { parseJson, toErrorRecord } from '@colophon/core';
import { prepareEntry } from '../types/prepare.ts';
import type { PrepareReply, PrepareRequest } from './prepare-pool.ts';

const port = parentPort as MessagePort;

port.on('message', (requests: readonly PrepareRequest[]) => {
  port.postMessage(requests.map(answer));
});

function answer({ id, json, options }: PrepareRequest): PrepareReply {
  try {
    return { id, prepared: prepareEntry(parseJson(json, 'the proposed entry'), options) };
  } catch (error) {
    return { id, error: toErrorRecord(error) };
  }
}
