import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeTar, type Entry } from '@colophon/image';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testHost, whyNot, type TestHost } from '../../support/host.ts';
import { header } from '../../support/tar-header.ts';

const missing = whyNot();
const end = Buffer.alloc(1024);

describe.skipIf(missing !== undefined)('a hostile image (OCI image-spec, layer.md)', () => {
  let host: TestHost;
  beforeAll(async () => void (host = await testHost()));
  afterAll(() => host?.close());

  const prepare = async (...layers: Buffer[]) => {
    const digest = await host.addImage(layers);
    await host.client.call('prepareImage', { digest });
    return join(host.data, 'runner', 'rootfs', digest.slice('sha256:'.length));
  };
  const entry = (more: Partial<Entry> & { path: string; type: Entry['type'] }): Entry => ({
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0,
    ...more,
  });
  const leftovers = () => readdirSync(join(host.data, 'runner', 'rootfs')).filter((name) => name.startsWith('.'));

  it.each([
    ['a name that leads out', [header({ name: '../escape', type: '0' })]],
    [
      'a name that leads out by PAX',
      [header({ name: 'x', type: 'x', content: '21 path=../../escape\n' }), header({ name: 'y', type: '0' })],
    ],
    ['a hard link to a file outside', [header({ name: 'l', type: '1', link: '../../../../etc/shadow' })]],
    ['a hard link to nothing', [header({ name: 'l', type: '1', link: 'etc/shadow' })]],
    ['a character device', [header({ name: 'null', type: '3' })]],
    ['a block device', [header({ name: 'sda', type: '4' })]],
    ['a FIFO', [header({ name: 'fifo', type: '6' })]],
    ['a file with a size that is not there', [header({ name: 'giant', type: '0', size: 0o77777777777 })]],
    ['an old GNU sparse file', [header({ name: 'sparse', type: 'S', size: 0 })]],
    [
      'links in a circle',
      [header({ name: 'a', type: '2', link: 'b' }), header({ name: 'b', type: '2', link: 'a' }), header({ name: 'a/x', type: '0' })],
    ],
    ['a file below a file', [header({ name: 'f', type: '0' }), header({ name: 'f/x', type: '0' })]],
    ['bytes that are no archive', [Buffer.alloc(2048, 'x')]],
  ])('%s is refused, and nothing is kept', async (_what, parts) => {
    await expect(prepare(Buffer.concat([...parts, end]))).rejects.toMatchObject({ code: expect.stringMatching(/^(RUNNER|IMAGE)_/) });
    expect(leftovers()).toEqual([]);
  });

  it('escapes with a plain tar: the same archive, extracted without judgement', () => {
    const folder = mkdtempSync(join(tmpdir(), 'colophon-tar-'));
    try {
      mkdirSync(join(folder, 'root'));
      writeFileSync(join(folder, 'evil.tar'), Buffer.concat([header({ name: '../escape', type: '0' }), end]));
      execFileSync('tar', ['-xPf', join(folder, 'evil.tar'), '-C', join(folder, 'root')]);
      expect(existsSync(join(folder, 'escape'))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('follows links within the root only, across layers', async () => {
    const rootfs = await prepare(
      Buffer.from(
        writeTar([
          entry({ path: 'lib', type: 'symlink', linkTarget: '/usr/lib' }),
          entry({ path: 'up', type: 'symlink', linkTarget: '../../../../tmp' }),
        ]),
      ),
      Buffer.from(
        writeTar([
          entry({ path: 'lib/a', type: 'file', content: Buffer.from('a') }),
          entry({ path: 'up/b', type: 'file', content: Buffer.from('b') }),
        ]),
      ),
    );
    expect(readFileSync(join(rootfs, 'usr', 'lib', 'a'), 'utf8')).toBe('a');
    expect(readFileSync(join(rootfs, 'tmp', 'b'), 'utf8')).toBe('b');
    expect(existsSync('/tmp/b')).toBe(false);
  });

  it('replaces a link by a file rather than writing through it', async () => {
    const target = join(host.data, 'target');
    writeFileSync(target, 'untouched');
    const rootfs = await prepare(
      Buffer.concat([header({ name: 'f', type: '2', link: target }), header({ name: 'f', type: '0', content: 'new' }), end]),
    );
    expect(readFileSync(join(rootfs, 'f'), 'utf8')).toBe('new');
    expect(readFileSync(target, 'utf8')).toBe('untouched');
  });

  it('applies whiteouts to what is below, never outside', async () => {
    const rootfs = await prepare(
      Buffer.from(
        writeTar([
          entry({ path: 'a/b', type: 'file', content: Buffer.from('x') }),
          entry({ path: 'c', type: 'file', content: Buffer.from('x') }),
        ]),
      ),
      Buffer.concat([
        header({ name: 'a/.wh.b', type: '0' }),
        header({ name: '.wh.c', type: '0' }),
        header({ name: '.wh...', type: '0' }),
        header({ name: '.wh.', type: '0' }),
        end,
      ]),
    );
    expect(readdirSync(rootfs)).toEqual(['a']);
    expect(readdirSync(join(rootfs, 'a'))).toEqual([]);
    expect(existsSync(join(host.data, 'runner', 'work'))).toBe(true);
  });

  it('gives every file an id that is nobody’s on this machine, and no set-id bits', async () => {
    const rootfs = await prepare(
      Buffer.from(
        writeTar([
          entry({ path: 'root', type: 'file', mode: 0o4755, content: Buffer.from('x') }),
          entry({ path: 'app', type: 'directory', mode: 0o755, uid: 1000, gid: 100 }),
        ]),
      ),
    );
    expect(lstatSync(join(rootfs, 'root'))).toMatchObject({ uid: 2_000_000_000, gid: 2_000_000_000, mode: 0o100755 });
    expect(lstatSync(join(rootfs, 'app'))).toMatchObject({ uid: 2_000_001_000, gid: 2_000_000_100 });
    expect(lstatSync(rootfs)).toMatchObject({ uid: 2_000_000_000 });
  });

  it('refuses a layer that unpacks to more than the limit', async () => {
    // More than 2 GiB of zeros in 2 MB: gzip members one after another.
    const member = gzipSync(Buffer.alloc(64 * 2 ** 20), { level: 1 });
    const first = gzipSync(header({ name: 'zeros', type: '0', size: 2 ** 31 }));
    const digest = await host.addImage([Buffer.concat([first, ...Array.from({ length: 33 }, () => member)])]);
    await expect(host.client.call('prepareImage', { digest })).rejects.toMatchObject({ code: expect.stringMatching(/^(RUNNER|IMAGE)_/) });
    expect(leftovers()).toEqual([]);
  });

  it('unpacks once for callers that come together', async () => {
    const digest = await host.addImage([Buffer.from(writeTar([entry({ path: 'once', type: 'file', content: Buffer.from('x') })]))]);
    const results = await Promise.all([1, 2, 3, 4].map(() => host.client.call('prepareImage', { digest })));
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
    expect(leftovers()).toEqual([]);
  });
});
