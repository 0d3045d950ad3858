import { lstatSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { durable } from '@colophon/store';
import { temporary } from '../support/temporary.ts';

describe('durable.writeFile', () => {
  it('replaces a file as a whole and leaves nothing beside it', async () => {
    const directory = temporary();
    const path = join(directory, 'a');
    await durable.writeFile(path, 'one');
    const before = statSync(path).ino;
    await durable.writeFile(path, Buffer.from('two'));
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(statSync(path).ino).not.toBe(before);
    expect(readdirSync(directory)).toEqual(['a']);
  });

  it('gives the mode whatever the umask', async () => {
    const mask = process.umask(0o077);
    try {
      const path = join(temporary(), 'a');
      await durable.writeFile(path, '', { mode: 0o644 });
      expect(statSync(path).mode & 0o777).toBe(0o644);
      await durable.writeFile(path, '');
      expect(statSync(path).mode & 0o777).toBe(0o600);
    } finally {
      process.umask(mask);
    }
  });

  it('leaves nothing behind when the name cannot be made', async () => {
    const directory = temporary();
    mkdirSync(join(directory, 'taken'));
    await expect(durable.writeFile(join(directory, 'taken'), 'x')).rejects.toMatchObject({ code: 'EISDIR' });
    expect(readdirSync(directory)).toEqual(['taken']);
    await expect(durable.writeFile(join(directory, 'missing', 'x'), 'x')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('durable.createFile', () => {
  it('lets one of many win', async () => {
    const path = join(temporary(), 'a');
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => durable.createFile(path, `writer ${index}`)));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect(readFileSync(path, 'utf8')).toBe(`writer ${outcomes.indexOf(true)}`);
    expect(readdirSync(join(path, '..'))).toEqual(['a']);
  });
});

describe('durable.createDirectory', () => {
  it('makes parents, private, and is content with what is there', async () => {
    const path = join(temporary(), 'a', 'b', 'c');
    await durable.createDirectory(path);
    await durable.createDirectory(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    await Promise.all(Array.from({ length: 10 }, () => durable.createDirectory(join(path, 'd', 'e'))));
    expect(statSync(join(path, 'd', 'e')).isDirectory()).toBe(true);
  });

  it('does not take a file for a directory', async () => {
    const path = join(temporary(), 'a');
    writeFileSync(path, '');
    await expect(durable.createDirectory(path)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(durable.createDirectory(join(path, 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});

describe('durable.moveInto and removeFile', () => {
  it('moves files and directories', async () => {
    const directory = temporary();
    mkdirSync(join(directory, 'from'));
    mkdirSync(join(directory, 'to'));
    writeFileSync(join(directory, 'from', 'a'), 'x');
    await durable.moveInto(join(directory, 'from', 'a'), join(directory, 'to', 'b'));
    await durable.moveInto(join(directory, 'from'), join(directory, 'to', 'empty'));
    expect(readdirSync(join(directory, 'to')).sort()).toEqual(['b', 'empty']);
    await durable.removeFile(join(directory, 'to', 'b'));
    await durable.removeFile(join(directory, 'to', 'b'));
    expect(lstatSync(join(directory, 'to', 'b'), { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe('durable.openAppend', () => {
  it('appends, cuts, and goes on where it stopped', async () => {
    const path = join(temporary(), 'log');
    const first = await durable.openAppend(path);
    await first.append(Buffer.from('one two '));
    await first.append(Buffer.from('torn'));
    await first.sync();
    expect(first.size()).toBe(12);
    await first.truncate(8);
    await first.append(Buffer.from('three'));
    await first.close();
    const second = await durable.openAppend(path);
    expect(second.size()).toBe(13);
    await second.append(Buffer.from('!'));
    await second.close();
    expect(readFileSync(path, 'utf8')).toBe('one two three!');
  });
});
