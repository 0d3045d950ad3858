import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lockDataDirectory, openDataDirectory } from '../../src/config/data-directory.ts';
import { place } from '../support/place.ts';

const mode = async (path: string) => (await stat(path)).mode & 0o777;

it('is made with its parts, for its owner alone, whatever the umask', async () => {
  const old = process.umask(0);
  try {
    const root = join(await place(), 'a', 'data');
    const directory = await openDataDirectory(root);
    expect(await readFile(join(root, 'version'), 'utf8')).toBe('1\n');
    for (const path of [root, directory.keys, directory.sockets, directory.runs, directory.inputs, directory.blobs])
      expect(await mode(path), path).toBe(0o700);
  } finally {
    process.umask(old);
  }
});

it('opens again what it made', async () => {
  const root = join(await place(), 'data');
  expect(await openDataDirectory(root)).toEqual(await openDataDirectory(root));
});

it('refuses data of a newer version, and touches nothing', async () => {
  const root = await place();
  await writeFile(join(root, 'version'), '2\n');
  await expect(openDataDirectory(root)).rejects.toMatchObject({ code: 'SERVER_DATA_NEWER' });
  expect(await readFile(join(root, 'version'), 'utf8')).toBe('2\n');
  await expect(stat(join(root, 'keys'))).rejects.toThrow('ENOENT');
});

it.each(['', 'one\n', '-1\n', '0\n', '1x', '1\n2\n', '0x1\n'])('refuses a version that is none: %j', async (text) => {
  const root = await place();
  await writeFile(join(root, 'version'), text);
  await expect(openDataDirectory(root)).rejects.toMatchObject({ code: 'SERVER_DATA_MISSING' });
});

it.each([0o770, 0o702, 0o777])('refuses a directory that others can write to: %o', async (bits) => {
  const root = join(await place(), 'data');
  await mkdir(root);
  await chmod(root, bits);
  await expect(openDataDirectory(root)).rejects.toMatchObject({ code: 'SERVER_DATA_UNSAFE' });
  await chmod(root, 0o700);
  await openDataDirectory(root);
});

it('one server at a time; who goes lets go', async () => {
  const directory = await openDataDirectory(await place());
  const release = lockDataDirectory(directory);
  expect(() => lockDataDirectory(directory)).toThrow(expect.objectContaining({ code: 'SERVER_DATA_LOCKED' }));
  release();
  lockDataDirectory(directory)();
});
