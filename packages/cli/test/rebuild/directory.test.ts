import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { secondDirectory } from '../../src/commands/rebuild/directory.ts';
import { sourcePermissions } from '../../src/commands/rebuild/second-server.ts';

const place = mkdtempSync(join(tmpdir(), 'colophon-second-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('the second data directory', () => {
  it('is a temporary one that is removed', async () => {
    let path: string;
    {
      await using directory = await secondDirectory(undefined, false);
      ({ path } = directory);
      expect(statSync(path).mode & 0o777).toBe(0o700);
      writeFileSync(join(path, 'something'), '');
    }
    expect(existsSync(path)).toBe(false);
  });

  it('is kept where that is asked for', async () => {
    const path = join(place, 'new');
    {
      await using directory = await secondDirectory(path, true);
      expect(directory.path).toBe(path);
    }
    expect(existsSync(path)).toBe(true);
  });

  it('holds nothing of an earlier build', async () => {
    const path = join(place, 'used');
    mkdirSync(path);
    writeFileSync(join(path, 'cached'), '');
    await expect(secondDirectory(path, false)).rejects.toThrow(expect.objectContaining({ code: 'CLI_FILE_EXISTS' }));
    expect(existsSync(join(path, 'cached'))).toBe(true);
  });
});

describe('what the second server may fetch', () => {
  it('is just what the provenance names', () => {
    const dependencies = [
      { name: 'source/a', uri: 'git+file:///srv/git/a' },
      { name: 'lock/b', uri: 'git+http://127.0.0.1:1/b' },
      { name: 'source/c', uri: 'git+https://git.example/c' },
      { name: 'image', uri: 'oci://x/y' },
    ];
    expect(sourcePermissions({ dependencies })).toEqual({ allowSource: ['file', 'http'], sourceRoots: ['/srv/git/a'] });
    expect(sourcePermissions({ dependencies: [] })).toEqual({ allowSource: [], sourceRoots: [] });
  });
});
