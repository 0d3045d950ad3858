import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '@colophon/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followLinks, usrMergeLinks } from '../../src/layer/links.ts';
import { packageEntries } from '../../src/layer/package.ts';
import { inOrder, type Entry } from '../../src/tar/entry.ts';
import { downloadPackages, has, realPackages, type RealDeb } from '../support/apt.ts';
import { temporaryDirectory } from '../support/deb.ts';

const usable = process.getuid?.() === 0 && has('dpkg-deb') && has('apt-get');
if (!usable) console.log('skipped: needs root (owners of extracted files), dpkg-deb and apt-get');

let debs: RealDeb[] = [];
let remove = () => {};

interface Line {
  readonly path: string;
  readonly facts: string;
}

/** What dpkg-deb extracted, a line for each entry; hard links as the other names of their first. */
function extracted(place: string, times: ReadonlyMap<string, number>): Line[] {
  const first = new Map<number, string>();
  // Node's own recursive listing would follow links to directories.
  const below = (directory: string): string[] =>
    readdirSync(join(place, directory), { withFileTypes: true }).flatMap((entry) => {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      return entry.isDirectory() ? [path, ...below(path)] : [path];
    });
  const names = below('');
  return inOrder(names.map((path) => ({ path }))).map(({ path }) => {
    const full = join(place, path);
    const facts = lstatSync(full);
    const owner = `${facts.uid}:${facts.gid}`;
    if (facts.isSymbolicLink()) return { path, facts: `-> ${readlinkSync(full)} ${owner}` };
    const mode = (facts.mode & 0o7777).toString(8);
    const mtime = Math.floor(facts.mtimeMs / 1000);
    if (facts.isDirectory()) return { path, facts: `directory ${mode} ${owner} ${times.get(path)}` };
    const known = facts.nlink > 1 ? first.get(facts.ino) : undefined;
    if (known !== undefined) return { path, facts: `= ${known}` };
    first.set(facts.ino, path);
    return { path, facts: `file ${mode} ${owner} ${mtime} ${facts.size} ${sha256Hex(readFileSync(full))}` };
  });
}

/** Times of directories as the package has them: tar changes some again when it sets links that it had put off. */
function directoryTimes(deb: string): Map<string, number> {
  const list = execFileSync('sh', ['-c', 'dpkg-deb --fsys-tarfile "$0" | TZ=UTC tar --full-time -tvf -', deb], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const lines = list.matchAll(/^d\S+ +\S+ +\d+ (\S+ \S+) \.\/(.*)\/$/gm);
  return new Map([...lines].map(([, time, path]) => [path as string, Date.parse(`${time}Z`) / 1000]));
}

function ours(entries: readonly Entry[]): Line[] {
  return entries.map(({ path, type, mode, uid, gid, mtime, content, linkTarget }) => {
    if (type === 'symlink') return { path, facts: `-> ${linkTarget} ${uid}:${gid}` };
    if (type === 'hardlink') return { path, facts: `= ${linkTarget}` };
    const common = `${type} ${mode.toString(8)} ${uid}:${gid} ${mtime}`;
    return { path, facts: type === 'directory' ? common : `${common} ${content?.length} ${sha256Hex(content ?? '')}` };
  });
}

const isStatus = ({ path }: Line) => path === 'var/lib/dpkg/status.d' || path.startsWith('var/lib/dpkg/status.d/');

describe.skipIf(!usable)('layers hold what dpkg-deb -x extracts', () => {
  beforeAll(() => {
    ({ debs, remove } = downloadPackages());
  });
  afterAll(() => remove());

  test.each(realPackages.map((names) => [names]))('%j', async (names) => {
    const deb = debs.find(({ name }) => names.includes(name)) as RealDeb;
    const place = temporaryDirectory();
    execFileSync('dpkg-deb', ['-x', deb.path, place]);
    const expected = extracted(place, directoryTimes(deb.path));
    const bytes = readFileSync(deb.path);
    const { entries } = await packageEntries(bytes, deb, { use: 'files', links: [] }, {});
    const parents = new Set(['var', 'var/lib', 'var/lib/dpkg'].filter((path) => !expected.some((line) => line.path === path)));
    expect(ours(entries).filter((line) => !isStatus(line) && !parents.has(line.path))).toEqual(expected);

    const merged = await packageEntries(bytes, deb, { use: 'files', links: [...usrMergeLinks] }, {});
    const moved = new Map(expected.map(({ path, facts }) => [followLinks(path, usrMergeLinks, facts.startsWith('directory')), facts]));
    const withoutTimes = (lines: Line[]) =>
      lines.filter(({ facts }) => !facts.startsWith('directory')).map(({ path, facts }) => `${path} ${facts.startsWith('=') ? '' : facts}`);
    const wanted = inOrder([...moved].map(([path, facts]) => ({ path, facts })));
    expect(withoutTimes(ours(merged.entries).filter((line) => !isStatus(line)))).toEqual(withoutTimes(wanted));
  });

  test('status.d is what dpkg-deb --field prints', async () => {
    const deb = debs.find(({ name }) => name === 'libc6') as RealDeb;
    const { entries } = await packageEntries(readFileSync(deb.path), deb, { use: 'files', links: [] }, {});
    const status = entries.find(({ path }) => path === 'var/lib/dpkg/status.d/libc6');
    expect(Buffer.from(status?.content ?? []).toString()).toBe(execFileSync('dpkg-deb', ['--field', deb.path], { encoding: 'utf8' }));
  });
});
