// readDeb against dpkg-deb: contents, control files, fields, of real packages and in every compression.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  linkSync,
  mkdirSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDeb } from '../../src/deb/read-deb.ts';
import { downloadDebs, missing, prepareApt } from './apt.ts';

// Set-uid files, hard links, links through usr-merge, long names, many files, configuration files.
const names = [
  'base-files',
  'libc6',
  'tzdata',
  'perl-base',
  'passwd',
  'coreutils',
  'ca-certificates',
  'netbase',
  'media-types',
  'busybox-static',
  'git',
  'python3-pip',
  'zlib1g',
];
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** What a folder holds: a line for each path, ordered. */
function tree(root: string): string[] {
  const lines: string[] = [];
  const inodes = new Map<number, number>();
  const walk = (path: string) => {
    const info = lstatSync(path);
    const name = relative(root, path) || '.';
    const mode = (info.mode & 0o7777).toString(8);
    if (info.isDirectory()) {
      // No time: tar makes links late, which changes it. The listing below judges the times of directories.
      lines.push(`${name} directory ${mode}`);
      for (const child of readdirSync(path)) walk(join(path, child));
    } else if (info.isSymbolicLink()) lines.push(`${name} symlink ${readlinkSync(path)}`);
    else {
      inodes.set(info.ino, (inodes.get(info.ino) ?? 0) + 1);
      lines.push(`${name} file ${mode} ${Math.floor(info.mtimeMs / 1000)} ${hash(readFileSync(path))} links=${info.nlink}`);
    }
  };
  walk(root);
  return lines.sort();
}

/** The same lines from our reading. */
async function ours(path: string): Promise<string[]> {
  const lines = new Map<string, string>();
  const files = new Map<string, { mode: string; mtime: number; sha: string; names: string[] }>();
  for await (const entry of (await readDeb(path)).entries) {
    const mode = entry.mode.toString(8);
    if (entry.type === 'directory') lines.set(entry.path, `${entry.path} directory ${mode}`);
    else if (entry.type === 'symlink') lines.set(entry.path, `${entry.path} symlink ${entry.linkTarget}`);
    else if (entry.type === 'file')
      files.set(entry.path, { mode, mtime: entry.mtime, sha: hash(entry.content as Uint8Array), names: [entry.path] });
    else if (entry.type === 'hardlink') {
      const target = files.get(entry.linkTarget as string);
      target?.names.push(entry.path);
      files.set(entry.path, target as never);
    }
  }
  for (const [name, { mode, mtime, sha, names: all }] of files) lines.set(name, `${name} file ${mode} ${mtime} ${sha} links=${all.length}`);
  return [...lines.values()].sort();
}

const letters = { file: '-', directory: 'd', symlink: 'l', hardlink: 'h', character: 'c', block: 'b', fifo: 'p' } as const;

/** `rwxr-sr-x`, as ls(1) and tar write it. */
function permissions(mode: number): string {
  return [6, 3, 0]
    .map((shift) => {
      const special = { 6: 0o4000, 3: 0o2000, 0: 0o1000 }[shift] as number;
      const execute = (mode >> shift) & 1 ? 'x' : '-';
      const marked = shift === 0 ? { x: 't', '-': 'T' } : { x: 's', '-': 'S' };
      return `${(mode >> shift) & 4 ? 'r' : '-'}${(mode >> shift) & 2 ? 'w' : '-'}${mode & special ? marked[execute] : execute}`;
    })
    .join('');
}

describe.skipIf(missing !== undefined)('dpkg-deb', () => {
  let debs: Map<string, string>;
  let folder: string;
  beforeAll(async () => {
    await prepareApt();
    debs = await downloadDebs(names);
    folder = mkdtempSync(join(tmpdir(), 'colophon-dpkg-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(names)('%s: contents as dpkg-deb -x leaves them, control as dpkg-deb -e and --field', async (name) => {
    const path = debs.get(name) as string;
    const [contents, control] = [join(folder, name, 'x'), join(folder, name, 'e')];
    mkdirSync(join(folder, name));
    execFileSync('dpkg-deb', ['-x', path, contents]);
    execFileSync('dpkg-deb', ['-e', path, control]);
    expect(await ours(path)).toEqual(tree(contents));
    const deb = await readDeb(path);
    await deb.close();
    expect([...deb.controlFiles.keys()].sort()).toEqual(readdirSync(control).sort());
    for (const [file, bytes] of deb.controlFiles) expect(hash(bytes), file).toBe(hash(readFileSync(join(control, file))));
    for (const field of ['Package', 'Version', 'Architecture', 'Depends', 'Description']) {
      const said = execFileSync('dpkg-deb', ['--field', path, field], { encoding: 'utf8' }).trimEnd();
      expect((deb.control[field] ?? '').split('\n').join('\n '), field).toBe(said);
    }
    rmSync(join(folder, name), { recursive: true, force: true });
  });

  it.each(['base-files', 'tzdata', 'passwd', 'perl-base', 'git'])(
    '%s: kinds, modes, owners, sizes, times and order as GNU tar lists dpkg-deb --fsys-tarfile',
    async (name) => {
      const path = debs.get(name) as string;
      const listing = execFileSync('sh', ['-c', `dpkg-deb --fsys-tarfile '${path}' | tar -tv --numeric-owner --full-time -f -`], {
        encoding: 'utf8',
        maxBuffer: 1e9,
        env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
      });
      const lines: string[] = [];
      for await (const entry of (await readDeb(path)).entries) {
        const time = new Date(entry.mtime * 1000).toISOString().replace('T', ' ').slice(0, 19);
        const link =
          entry.type === 'symlink' ? ` -> ${entry.linkTarget}` : entry.type === 'hardlink' ? ` link to ./${entry.linkTarget}` : '';
        const shown = entry.path === '.' ? './' : `./${entry.path}${entry.type === 'directory' ? '/' : ''}`;
        lines.push(`${letters[entry.type]}${permissions(entry.mode)} ${entry.uid}/${entry.gid} ${entry.size} ${time} ${shown}${link}`);
      }
      expect(lines).toEqual(
        listing
          .trimEnd()
          .split('\n')
          .map((line) => line.replace(/^(\S+ \S+) +/, '$1 ')),
      );
    },
  );

  it.each(['none', 'gzip', 'xz', 'zstd'])('what dpkg-deb -Z%s builds', async (compression) => {
    const root = join(folder, `build-${compression}`);
    const long = join(root, 'usr/share', 'd'.repeat(120), 'e'.repeat(120));
    mkdirSync(join(root, 'DEBIAN'), { recursive: true });
    mkdirSync(long, { recursive: true });
    writeFileSync(join(root, 'DEBIAN/control'), 'Package: made\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: made\n');
    writeFileSync(join(long, 'f'.repeat(90)), 'long');
    writeFileSync(join(root, 'usr/set'), 'x'.repeat(100_000));
    chmodSync(join(root, 'usr/set'), 0o4755);
    linkSync(join(root, 'usr/set'), join(root, 'usr/set2'));
    symlinkSync(`/${'t'.repeat(150)}`, join(root, 'usr/link'));
    const path = join(folder, `made-${compression}.deb`);
    execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--uniform-compression', '-b', root, path], { stdio: 'ignore' });
    const contents = join(folder, `made-${compression}`);
    execFileSync('dpkg-deb', ['-x', path, contents]);
    expect(await ours(path)).toEqual(tree(contents));
  });
});
