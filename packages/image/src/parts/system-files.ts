import type { GenerateSpec, PathSpec } from '../spec/schema.ts';
import { directory, file, symlink, type Entry } from '../tar/entry.ts';

/** nsswitch.conf(5) for an image whose accounts are in files and whose hosts are looked up by DNS. */
const nsswitch = [
  '# /etc/nsswitch.conf: where names are looked up, in this order.',
  'passwd:         files',
  'group:          files',
  'shadow:         files',
  'gshadow:        files',
  '',
  'hosts:          files dns',
  'networks:       files',
  '',
  'protocols:      files',
  'services:       files',
  'ethers:         files',
  'rpc:            files',
  '',
].join('\n');

export function nsswitchEntries(): Entry[] {
  return [file('etc/nsswitch.conf', nsswitch, { mtime: 0 })];
}

/** os-release(5). The names and values are checked by the specification's schema: nothing needs escaping. */
export function osReleaseEntries(values: NonNullable<GenerateSpec['osRelease']>): Entry[] {
  const lines = Object.entries(values).map(([key, value]) => `${key}="${value}"\n`);
  return [file('usr/lib/os-release', lines.join(''), { mtime: 0 }), symlink('etc/os-release', '../usr/lib/os-release', 0)];
}

/**
 * What an image without a base begins with: the root, /tmp, and the links of a merged /usr that no package brings.
 * `present` says which paths the packages have.
 */
export function rootEntries(usrMerge: boolean, present: (path: string) => boolean): Entry[] {
  const always = ['bin', 'sbin', 'lib'];
  const possible = ['lib32', 'lib64', 'libo32', 'libx32'];
  const names = usrMerge ? [...always, ...possible.filter((name) => present(`usr/${name}`))].filter((name) => !present(name)) : [];
  return [
    directory('.', { mtime: 0 }),
    directory('tmp', { mode: 0o1777, mtime: 0 }),
    ...names.map((name) => symlink(name, `usr/${name}`, 0)),
    ...names.flatMap((name) => (present(`usr/${name}`) ? [] : [directory(`usr/${name}`, { mtime: 0 })])),
  ];
}

/** The entries of `paths` that make something; `permissions` is done where contents are known. */
export function pathEntries(paths: readonly PathSpec[]): Entry[] {
  return paths.flatMap((spec): Entry[] => {
    const path = spec.path.slice(1);
    if (spec.type === 'permissions') return [];
    if (spec.type === 'symlink') return [symlink(path, spec.target, 0)];
    const facts = { mode: Number.parseInt(spec.mode, 8), uid: spec.user, gid: spec.group, mtime: 0 };
    return [spec.type === 'directory' ? directory(path, facts) : file(path, spec.content, facts)];
  });
}
