import { linkSync, mkdirSync, readFileSync, readdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, type Digest } from '@colophon/core';
import { openBlobStore } from '@colophon/store';
import { collect, temporary } from '../support/temporary.ts';

const incoming = (directory: string) => readdirSync(join(directory, 'incoming'));
const unknown: Digest = digestOf('nobody wrote this');

async function* chunks(...parts: (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield Buffer.from(part);
  }
}

describe('a blob store', () => {
  it('gives back what was put, by digest, whole and in ranges', async () => {
    const store = await openBlobStore(temporary());
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.nat(), fc.nat(), async (bytes, left, right) => {
        const { digest, size } = await store.put(bytes);
        expect({ digest, size }).toEqual({ digest: digestOf(bytes), size: bytes.length });
        expect(Buffer.concat(await collect(store.read(digest)))).toEqual(Buffer.from(bytes));
        if (bytes.length === 0) return;
        const [start, end] = [left % bytes.length, right % bytes.length].toSorted((a, b) => a - b) as [number, number];
        expect(Buffer.concat(await collect(store.read(digest, { start, end })))).toEqual(Buffer.from(bytes.subarray(start, end + 1)));
      }),
      { numRuns: 30 },
    );
  });

  it('keeps nothing of what does not have its digest, is too large, or breaks off', async () => {
    const directory = temporary();
    const store = await openBlobStore(directory);
    await expect(store.put(chunks('a', 'b'), { expected: unknown })).rejects.toMatchObject({ code: 'STORE_BLOB_MISMATCH' });
    await expect(store.put(Buffer.from('ab'), { expected: unknown })).rejects.toMatchObject({
      code: 'STORE_BLOB_MISMATCH',
      details: { expected: unknown, found: digestOf('ab') },
    });
    await expect(store.put(chunks('abc', 'def'), { limit: 5 })).rejects.toMatchObject({ code: 'STORE_BLOB_TOO_LARGE' });
    await expect(store.put(Buffer.from('abcdef'), { limit: 5 })).rejects.toMatchObject({ code: 'STORE_BLOB_TOO_LARGE' });
    await expect(store.put(chunks('abc', new Error('cut')))).rejects.toThrow('cut');
    expect(await collect(store.list())).toEqual([]);
    expect(incoming(directory)).toEqual([]);
  });

  it('takes the algorithm of the digest that is expected', async () => {
    const store = await openBlobStore(temporary());
    const expected = digestOf('x', 'sha512');
    expect(await store.put(chunks('x'), { expected })).toEqual({ digest: expected, size: 1 });
    expect(await store.stat(expected)).toEqual({ size: 1 });
  });

  it('lets many write the same at once', async () => {
    const directory = temporary();
    const store = await openBlobStore(directory);
    const results = await Promise.all(Array.from({ length: 20 }, () => store.put(chunks('same ', 'content'))));
    expect(new Set(results.map(({ digest }) => digest))).toEqual(new Set([digestOf('same content')]));
    expect(await collect(store.list())).toHaveLength(1);
    expect(incoming(directory)).toEqual([]);
  });

  it('writes many small ones at once; one that cannot be written fails alone, and nothing is left of it', async () => {
    const directory = temporary();
    const store = await openBlobStore(directory);
    const contents = Array.from({ length: 200 }, (_, index) => Buffer.from(`small ${index}`));
    const refused = store.path(digestOf(contents[7] as Buffer));
    // A folder stands where the name should be.
    mkdirSync(refused, { recursive: true });
    const outcomes = await Promise.allSettled(contents.map((content) => store.put(content)));
    expect(outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([7]);
    expect(outcomes[7]).toMatchObject({ reason: { code: 'EISDIR' } });
    for (const [index, content] of contents.entries()) {
      if (index !== 7) expect(await store.bytes(digestOf(content))).toEqual(content);
    }
    expect(incoming(directory)).toEqual([]);
  });

  it('takes no more of a view than it shows, and leaves the caller its buffer', async () => {
    const store = await openBlobStore(temporary());
    const whole = Buffer.from('before, the content, after');
    const { digest, size } = await store.put(whole.subarray(8, 19));
    expect([digest, size]).toEqual([digestOf('the content'), 11]);
    expect((await store.bytes(digest)).toString()).toBe('the content');
    expect(whole.toString()).toBe('before, the content, after');
  });

  it('says what it does not have', async () => {
    const store = await openBlobStore(temporary());
    expect(await store.stat(unknown)).toBeUndefined();
    await expect(collect(store.read(unknown))).rejects.toMatchObject({ code: 'STORE_BLOB_UNKNOWN' });
    await expect(store.bytes(unknown)).rejects.toMatchObject({ code: 'STORE_BLOB_UNKNOWN' });
    expect(await store.delete(unknown)).toBe(false);
    const { digest } = await store.put(Buffer.from('12345'));
    await expect(store.bytes(digest, 4)).rejects.toMatchObject({ code: 'STORE_BLOB_TOO_LARGE' });
    expect(await store.delete(digest)).toBe(true);
    expect(await store.stat(digest)).toBeUndefined();
  });

  it.each(['../../etc/passwd', 'sha256:../../../etc/passwd', `sha256:${'A'.repeat(64)}`, 'md5:d41d8cd98f00b204e9800998ecf8427e'])(
    'does not take %s for a digest',
    async (text) => {
      const store = await openBlobStore(temporary());
      expect(() => store.path(text as Digest)).toThrow('not a digest');
      await expect(store.put(Buffer.from(''), { expected: text as Digest })).rejects.toMatchObject({ code: 'CORE_DIGEST_INVALID' });
    },
  );

  it('replaces a blob that was cut short', async () => {
    const store = await openBlobStore(temporary());
    const { digest } = await store.put(Buffer.from('whole content'));
    truncateSync(store.path(digest), 3);
    await store.put(Buffer.from('whole content'));
    expect((await store.bytes(digest)).toString()).toBe('whole content');
  });

  it('sweeps what writers left that died long ago, and nothing else', async () => {
    const directory = temporary();
    await openBlobStore(directory);
    for (const name of ['.old.tmp', '.new.tmp']) writeFileSync(join(directory, 'incoming', name), 'half');
    utimesSync(join(directory, 'incoming', '.old.tmp'), 0, 0);
    await openBlobStore(directory);
    expect(incoming(directory)).toEqual(['.new.tmp']);
  });
});

describe('putFile', () => {
  it('copies, so that whoever has the file open cannot change the blob', async () => {
    const directory = temporary();
    const store = await openBlobStore(join(directory, 'blobs'));
    const file = join(directory, 'file');
    writeFileSync(file, 'as it was');
    const { digest, size } = await store.putFile(file);
    expect({ digest, size }).toEqual({ digest: digestOf('as it was'), size: 9 });
    writeFileSync(file, 'different');
    expect((await store.bytes(digest)).toString()).toBe('as it was');
  });

  it('moves without a copy when it may', async () => {
    const directory = temporary();
    const store = await openBlobStore(join(directory, 'blobs'));
    writeFileSync(join(directory, 'file'), 'x');
    const { digest } = await store.putFile(join(directory, 'file'), { move: true, expected: digestOf('x') });
    expect(readFileSync(store.path(digest), 'utf8')).toBe('x');
    expect(readdirSync(directory)).toEqual(['blobs']);
  });

  it('takes files only: no links, no directories', async () => {
    const directory = temporary();
    const store = await openBlobStore(join(directory, 'blobs'));
    writeFileSync(join(directory, 'secret'), 'x');
    symlinkSync('secret', join(directory, 'link'));
    mkdirSync(join(directory, 'folder'));
    linkSync(join(directory, 'secret'), join(directory, 'hard'));
    for (const move of [true, false]) {
      await expect(store.putFile(join(directory, 'link'), { move })).rejects.toMatchObject({ code: 'ELOOP' });
      await expect(store.putFile(join(directory, 'folder'), { move })).rejects.toMatchObject({ code: 'STORE_INVALID' });
      await expect(store.putFile(join(directory, 'secret'), { move, expected: unknown })).rejects.toMatchObject({
        code: 'STORE_BLOB_MISMATCH',
      });
    }
    expect(readFileSync(join(directory, 'secret'), 'utf8')).toBe('x');
  });
});
