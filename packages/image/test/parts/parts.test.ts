import { describe, expect, test } from 'vitest';
import { readLibrary } from '../../src/layer/elf.ts';
import { accountEntries } from '../../src/parts/accounts.ts';
import { busyboxApplets, busyboxEntries } from '../../src/parts/busybox.ts';
import { certificateBundle } from '../../src/parts/certificates.ts';
import { osReleaseEntries, rootEntries } from '../../src/parts/system-files.ts';
import { file, type Entry } from '../../src/tar/entry.ts';

const textOf = (entries: readonly Entry[], path: string) => Buffer.from(entries.find((one) => one.path === path)?.content ?? []).toString();
const user = { name: 'nonroot', uid: 65532, gid: 65532, home: '/home/nonroot', shell: '/sbin/nologin', homeMode: '0700' };

describe('accounts', () => {
  test('passwd(5), group(5) and the home directory', () => {
    const entries = accountEntries({ users: [user], groups: [{ name: 'staff', gid: 50, members: ['nonroot', 'x'] }] }, {});
    expect(textOf(entries, 'etc/passwd')).toBe('nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n');
    expect(textOf(entries, 'etc/group')).toBe('staff:x:50:nonroot,x\n');
    expect(entries).toContainEqual({ path: 'home/nonroot', type: 'directory', mode: 0o700, uid: 65532, gid: 65532, mtime: 0 });
  });

  test('those of the base stay, and none is there twice', () => {
    const known = { passwd: 'root:x:0:0:root:/root:/bin/sh\n' };
    expect(textOf(accountEntries({ users: [user], groups: [] }, known), 'etc/passwd')).toMatch(/^root:.*\nnonroot:.*\n$/);
    expect(() => accountEntries({ users: [{ ...user, name: 'root' }], groups: [] }, known)).toThrow(
      expect.objectContaining({ code: 'IMAGE_PATH_CONFLICT' }),
    );
  });
});

test('certificates are joined in the order of their paths, each ended by a newline', () => {
  const place = 'usr/share/ca-certificates/mozilla';
  const entries = [
    file(`${place}/a.crt`, 'A\n', { mtime: 5 }),
    file(`${place}/b.crt`, 'B', { mtime: 9 }),
    file(`${place}/c.txt`, 'C', { mtime: 1 }),
  ];
  const bundle = certificateBundle(entries, 'ca-certificates');
  expect(textOf(bundle, 'etc/ssl/certs/ca-certificates.crt')).toBe('A\nB\n');
  expect(bundle.at(-1)?.mtime).toBe(9);
  expect(() => certificateBundle([], 'other')).toThrow(expect.objectContaining({ code: 'IMAGE_PACKAGE_MISMATCH' }));
});

test('os-release(5) keeps the order given', () => {
  expect(textOf(osReleaseEntries({ PRETTY_NAME: 'Distroless', ID: 'debian' }), 'usr/lib/os-release')).toBe(
    'PRETTY_NAME="Distroless"\nID="debian"\n',
  );
});

test('the root: links of a merged /usr that no package brings', () => {
  const has = (path: string) => ['lib', 'usr/lib64', 'usr/lib', 'usr/bin'].includes(path);
  const paths = rootEntries(true, has).map(({ path, linkTarget }) => `${path}${linkTarget === undefined ? '' : `>${linkTarget}`}`);
  expect(paths).toEqual(['.', 'tmp', 'bin>usr/bin', 'sbin>usr/sbin', 'lib64>usr/lib64', 'usr/sbin']);
  expect(rootEntries(false, has).map(({ path }) => path)).toEqual(['.', 'tmp']);
});

describe('busybox', () => {
  const binary = Buffer.from('\x7fELF…[\0[[\0no\0\0 and the real one: [\0[[\0ash\0cat\0sh\0zcat\0\0rest');

  test('applets are read out of the program', () => {
    expect(busyboxApplets(binary)).toEqual(['[', '[[', 'ash', 'cat', 'sh', 'zcat']);
    expect(busyboxApplets(Buffer.from('nothing'))).toBeUndefined();
    expect(busyboxApplets(Buffer.from('[\0[[\0sh\0../../etc\0\0'))).toBeUndefined();
  });

  test('and become links', () => {
    expect(busyboxEntries('/busybox', ['sh']).map(({ path, linkTarget }) => [path, linkTarget])).toEqual([
      ['busybox/sh', '/usr/bin/busybox'],
      ['busybox/busybox', '/usr/bin/busybox'],
    ]);
  });
});

describe('ELF (System V gABI): hostile files give nothing, and never throw', () => {
  test('truncated at any byte', () => {
    const elf = Buffer.alloc(200);
    elf.writeUInt32BE(0x7f454c46);
    elf.set([2, 1], 4);
    elf.writeUInt16LE(3, 16);
    elf.writeUInt16LE(62, 18);
    elf.writeBigUInt64LE(64n, 32);
    elf.writeUInt16LE(56, 54);
    elf.writeUInt16LE(1, 56);
    elf.writeUInt32LE(2, 64);
    elf.writeBigUInt64LE(120n, 72);
    elf.writeBigUInt64LE(2n ** 63n, 96);
    expect(readLibrary(elf)).toEqual({ soname: null, flags: 0x303 });
    for (let length = 0; length < 128; length++) expect(readLibrary(elf.subarray(0, length))).toBeUndefined();
  });
});
