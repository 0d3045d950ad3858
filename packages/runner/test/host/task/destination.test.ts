import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveInImage } from '../../../src/host/task/destination.ts';
import { resolveUser } from '../../../src/host/task/user.ts';

const root = mkdtempSync(join(tmpdir(), 'colophon-image-'));
beforeAll(() => {
  mkdirSync(join(root, 'etc'));
  mkdirSync(join(root, 'run'));
  mkdirSync(join(root, 'var'));
  symlinkSync('/run', join(root, 'var', 'run'));
  symlinkSync('../../../../../etc', join(root, 'up'));
  symlinkSync('/oldroot/etc', join(root, 'out'));
  symlinkSync('loop', join(root, 'loop'));
  writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0::/:\napp:x:1000:100::/:\nnobody:x:65534:65534::/:\nhuge:x:70000:1::/:\n');
  writeFileSync(join(root, 'etc', 'group'), 'root:x:0:\nusers:x:100:\ndisk:x:6:app,other\nvideo:x:44:app\n');
});
afterAll(() => rmSync(root, { recursive: true }));

describe('a mount point in an image', () => {
  it.each([
    ['/a/b', '/a/b'],
    ['/var/run/secrets', '/run/secrets'],
    ['/up/x', '/etc/x'],
    ['/out', '/oldroot/etc'],
    ['/etc/passwd/x', '/etc/passwd/x'],
    ['//a/./b/', '/a/b'],
  ])('%s is %s', (path, expected) => expect(resolveInImage(root, path)).toBe(expected));

  it('is refused where links go on for ever', () => {
    expect(() => resolveInImage(root, '/loop/x')).toThrow(expect.objectContaining({ code: 'RUNNER_IMAGE_INVALID' }));
  });
});

describe('the user of a step (OCI image-spec, config.md)', () => {
  it.each([
    ['', { uid: 0, gid: 0, groups: [0] }],
    ['app', { uid: 1000, gid: 100, groups: [100, 6, 44] }],
    ['1000', { uid: 1000, gid: 100, groups: [100, 6, 44] }],
    ['app:users', { uid: 1000, gid: 100, groups: [100] }],
    ['4321', { uid: 4321, gid: 0, groups: [0] }],
    ['4321:50', { uid: 4321, gid: 50, groups: [50] }],
  ])('%j', async (user, expected) => expect(await resolveUser(root, user)).toEqual(expected));

  it.each(['stranger', 'app:strangers', '70000', 'huge', '-1', '1:99999999999'])('%j is refused', async (user) => {
    await expect(resolveUser(root, user)).rejects.toMatchObject({ code: 'RUNNER_IMAGE_INVALID' });
  });

  it('reads no accounts through a link', async () => {
    const other = mkdtempSync(join(tmpdir(), 'colophon-image-'));
    symlinkSync(join(root, 'etc'), join(other, 'etc'));
    await expect(resolveUser(other, 'app')).rejects.toMatchObject({ code: 'RUNNER_IMAGE_INVALID' });
    rmSync(other, { recursive: true });
  });
});
