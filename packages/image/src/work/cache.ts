import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, parseDigest, parseJson, sha256Hex } from '@colophon/core';
import { encoderId } from '../encoder/encoder.ts';
import type { LayerRecord } from '../layer/record.ts';

export interface Layer {
  readonly record: LayerRecord;
  readonly blob: Buffer;
}

/**
 * Encoded layers by a key of all that their bytes depend on. Everything is checked when it is read: a record against
 * the hash beside it, a blob against its digest; what does not match is treated as absent. So neither a crash nor bit
 * rot needs repair, and nothing is fsynced. Safe for several processes at once. Its directory is the user's own: who can
 * write there could as well change the program.
 */
export interface LayerCache {
  get(key: string): Promise<Layer | undefined>;
  put(key: string, record: LayerRecord, blob: Uint8Array): Promise<void>;
}

export async function openLayerCache(directory: string): Promise<LayerCache> {
  const records = join(directory, 'layers');
  const blobs = join(directory, 'blobs');
  await mkdir(records, { recursive: true, mode: 0o700 });
  await mkdir(blobs, { recursive: true, mode: 0o700 });
  const blobPath = (record: LayerRecord) => join(blobs, parseDigest(record.digest).hex);
  const write = async (path: string, data: Uint8Array | string): Promise<void> => {
    const temporary = `${path}.${randomUUID()}`;
    try {
      await writeFile(temporary, data, { mode: 0o600, flag: 'wx' });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  };
  return {
    async get(key) {
      const text = await readFile(join(records, key), 'utf8').catch(() => undefined);
      const record = text === undefined ? undefined : openRecord(text);
      if (record === undefined) return undefined;
      const blob = await readFile(blobPath(record)).catch(() => undefined);
      return blob !== undefined && digestOf(blob) === record.digest ? { record, blob } : undefined;
    },
    async put(key, record, blob) {
      await write(blobPath(record), blob);
      await write(join(records, key), sealRecord(record));
    },
  };
}

function sealRecord(record: LayerRecord): string {
  const text = JSON.stringify(record);
  return `${sha256Hex(text)}\n${text}`;
}

function openRecord(sealed: string): LayerRecord | undefined {
  const text = sealed.slice(65);
  if (sealed[64] !== '\n' || sha256Hex(text) !== sealed.slice(0, 64)) return undefined;
  const record = parseJson(text, 'a cached layer') as LayerRecord;
  return record.encoder === encoderId ? record : undefined;
}
