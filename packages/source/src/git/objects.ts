import { createHash } from 'node:crypto';
import { sourceErrors } from '../errors.ts';
import { spawnCatFile } from './run-git.ts';

export interface GitObject {
  readonly type: 'commit' | 'tree' | 'blob' | 'tag';
  readonly id: string;
  readonly data: Buffer;
}

export interface TreeEntry {
  readonly mode: string;
  readonly name: Buffer;
  readonly id: string;
}

export interface ObjectReader {
  /** Reads one object and checks that its content has that name. Larger than `limit` bytes: SOURCE_TOO_LARGE. */
  read(id: string, limit?: number): Promise<GitObject>;
  close(): void;
}

const defaultLimit = 256 << 20;

/** Reads objects of a bare repository, in order, through one `git cat-file --batch`. Calls may overlap; they are queued. */
export function openObjects(directory: string): ObjectReader {
  const child = spawnCatFile(directory);
  const chunks = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let buffered: Buffer = Buffer.alloc(0);
  let queue: Promise<unknown> = Promise.resolve();
  child.on('error', () => child.stdout.destroy());
  child.stdin.on('error', () => child.stdout.destroy());
  child.stderr.resume();

  async function more(): Promise<void> {
    const next = await chunks.next();
    if (next.done === true) throw sourceErrors.error('SOURCE_OBJECT_INVALID', 'git ended while an object was being read');
    buffered = buffered.length === 0 ? next.value : Buffer.concat([buffered, next.value]);
  }

  async function take(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = size;
    while (missing > buffered.length) {
      parts.push(buffered);
      missing -= buffered.length;
      buffered = Buffer.alloc(0);
      await more();
    }
    parts.push(buffered.subarray(0, missing));
    buffered = buffered.subarray(missing);
    return Buffer.concat(parts);
  }

  async function line(): Promise<string> {
    while (!buffered.includes(10)) await more();
    const text = buffered.subarray(0, buffered.indexOf(10)).toString('latin1');
    buffered = buffered.subarray(buffered.indexOf(10) + 1);
    return text;
  }

  async function readNow(id: string, limit: number): Promise<GitObject> {
    if (!/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(id)) throw sourceErrors.error('SOURCE_OBJECT_INVALID', `not an object name: ${id}`);
    child.stdin.write(`${id}\n`);
    const header = await line();
    const match = /^([0-9a-f]+) (commit|tree|blob|tag) (\d+)$/.exec(header);
    if (match === null) throw sourceErrors.error('SOURCE_OBJECT_INVALID', `object ${id} is missing`);
    const size = Number(match[3]);
    if (size > limit) {
      child.kill('SIGKILL');
      throw sourceErrors.error('SOURCE_TOO_LARGE', `object ${id} has ${size} bytes; the limit is ${limit}`);
    }
    const data = await take(size);
    await take(1);
    const type = match[2] as GitObject['type'];
    const hash = createHash(id.length === 40 ? 'sha1' : 'sha256')
      .update(`${type} ${size}\0`)
      .update(data)
      .digest('hex');
    if (hash !== id) throw sourceErrors.error('SOURCE_OBJECT_INVALID', `object ${id} has the content of ${hash}`);
    return { type, id, data };
  }

  return {
    read(id, limit = defaultLimit) {
      const result = queue.then(() => readNow(id, limit));
      queue = result.catch(() => {});
      return result;
    },
    close() {
      child.stdin.end();
      child.kill();
    },
  };
}

/** Splits a tree object (gitformat-pack: `mode SP name NUL id`). */
export function parseTree(object: GitObject): TreeEntry[] {
  if (object.type !== 'tree') throw sourceErrors.error('SOURCE_OBJECT_INVALID', `${object.id} is a ${object.type}, not a tree`);
  const idLength = object.id.length / 2;
  const entries: TreeEntry[] = [];
  for (let at = 0; at < object.data.length;) {
    const space = object.data.indexOf(0x20, at);
    const nul = object.data.indexOf(0, space + 1);
    if (space < 0 || nul < 0 || nul + 1 + idLength > object.data.length) {
      throw sourceErrors.error('SOURCE_OBJECT_INVALID', `tree ${object.id} is cut off`);
    }
    entries.push({
      mode: object.data.subarray(at, space).toString('latin1').padStart(6, '0'),
      name: object.data.subarray(space + 1, nul),
      id: object.data.subarray(nul + 1, nul + 1 + idLength).toString('hex'),
    });
    at = nul + 1 + idLength;
  }
  return entries;
}

/** The tree of a commit, and its committer time in seconds. An annotated tag is peeled first. */
export async function commitTree(reader: ObjectReader, id: string): Promise<{ commit: string; tree: string; time: number }> {
  let object = await reader.read(id, 16 << 20);
  for (let depth = 0; object.type === 'tag' && depth < 8; depth += 1) {
    const target = /^object ([0-9a-f]+)\n/.exec(object.data.toString('latin1'))?.[1];
    if (target === undefined) throw sourceErrors.error('SOURCE_OBJECT_INVALID', `tag ${object.id} names no object`);
    object = await reader.read(target, 16 << 20);
  }
  const text = object.data.toString('latin1');
  const tree = /^tree ([0-9a-f]+)\n/.exec(text)?.[1];
  if (object.type !== 'commit' || tree === undefined) throw sourceErrors.error('SOURCE_OBJECT_INVALID', `${id} is not a commit`);
  const time = /\ncommitter [^\n]*> (\d{1,12}) [+-]\d{4}\n/.exec(text)?.[1];
  return { commit: object.id, tree, time: Number(time ?? 0) };
}
