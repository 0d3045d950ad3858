import { readFile } from 'node:fs/promises';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { readArchive, unpackLayer } from '@colophon/image';
import { toErrorRecord } from '@colophon/core';
import { applyLayer } from './apply-layer.ts';
import { ownerFor, type Ownership } from './owner.ts';

/** Unpacks the layers of one image, one after another, and ends. */
const { root, layers, ownership } = workerData as { root: string; layers: readonly { path: string; name: string }[]; ownership: Ownership };
const port = parentPort as MessagePort;
const owner = ownerFor(ownership);
const usage = { entries: 0, bytes: 0 };
try {
  for (const { path, name } of layers) applyLayer(root, readArchive(await unpackLayer(await readFile(path), name), name), owner, usage);
  port.postMessage({ later: owner.later() });
} catch (error) {
  port.postMessage({ error: toErrorRecord(error) });
}
