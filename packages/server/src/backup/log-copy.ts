import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '@colophon/core';
import { parseCheckpoint } from '@colophon/log';
import { serverErrors } from '../errors.ts';
import { partialFiles } from './log-files.ts';

/** A small file, whole in memory, by its name in the log. */
export interface LogFile {
  readonly name: string;
  readonly data: Buffer;
}

const attempts = 100;

/**
 * The journal first, then the stored checkpoint with the partial tiles that its tree needs, then (by `fullFiles`) what never changes. The log writes
 * tiles, then the checkpoint, and only then forgets journal and older partial tiles. So a segment that is gone when we come to read it is covered by the
 * checkpoint that we read later; everything acknowledged before we began is in the journal's copy or below the checkpoint; and there is no gap
 * between the two. A partial tile that is gone means that the tree has grown since the checkpoint was read: then both are read again.
 */
export async function copyLogHead(directory: string): Promise<{ files: LogFile[]; size: number }> {
  const journal = await readJournal(join(directory, 'journal'));
  for (let attempt = 1; ; attempt += 1) {
    const checkpoint = await read(join(directory, 'checkpoint'));
    if (checkpoint === undefined) return { files: journal, size: 0 };
    const { size } = parseCheckpoint(checkpoint.toString('utf8')).checkpoint;
    const partials = await Promise.all(partialFiles(size).map(async (name) => ({ name, data: await read(join(directory, name)) })));
    const missing = partials.find(({ data }) => data === undefined);
    if (missing === undefined) return { files: [...journal, { name: 'checkpoint', data: checkpoint }, ...(partials as LogFile[])], size };
    const again = await read(join(directory, 'checkpoint'));
    // The same checkpoint without its tiles is no race: the log is damaged.
    if (again?.equals(checkpoint) === true && (await read(join(directory, missing.name))) === undefined)
      throw serverErrors.error('SERVER_BACKUP_INVALID', `the log lacks ${missing.name}, which its checkpoint of size ${size} needs`);
    if (attempt === attempts) throw serverErrors.error('SERVER_BACKUP_CHANGED', 'the log grows too fast to be copied');
    await sleep(attempt);
  }
}

async function readJournal(directory: string): Promise<LogFile[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => /^[1-9][0-9]*$/.test(name));
  const files: LogFile[] = [];
  for (const name of names.toSorted((left, right) => Number(left) - Number(right))) {
    const data = await read(join(directory, name));
    if (data !== undefined) files.push({ name: `journal/${name}`, data });
  }
  return files;
}

async function read(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
