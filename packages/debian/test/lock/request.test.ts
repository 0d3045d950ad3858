// The lock request of docs/debian.md, and the requests and locks of the examples.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseLockRequest } from '../../src/lock/request.ts';
import { formatLock, lockDigest, parseLock } from '../../src/lock/schema.ts';

const request = { version: 1, suites: ['trixie', 'trixie-security'], architecture: 'amd64', packages: ['libc6'] };
const code = (name: string) => expect.objectContaining({ code: name });

describe('lock request', () => {
  it('fills in what is left out', () => {
    expect(parseLockRequest(request)).toEqual({
      suites: [
        { name: 'trixie', archive: 'archive', components: ['main'] },
        { name: 'trixie-security', archive: 'security', components: ['main'] },
      ],
      architecture: 'amd64',
      mode: 'closure',
      packages: ['libc6'],
      pins: [],
    });
    expect(parseLockRequest({ ...request, suites: [{ name: 'own', archive: 'security', components: ['main', 'extra'] }] }).suites).toEqual([
      { name: 'own', archive: 'security', components: ['main', 'extra'] },
    ]);
  });

  it.each([
    {},
    { ...request, version: 2 },
    { ...request, mirrors: ['x'] },
    { ...request, packages: [] },
    { ...request, mode: 'all' },
    { ...request, suites: ['../x'] },
    { ...request, architecture: 'x/y' },
    'text',
    null,
  ])('refuses %j', (value) => expect(() => parseLockRequest(value)).toThrow(code('DEBIAN_REQUEST_INVALID')));
});

describe('examples/images', () => {
  const folder = join(import.meta.dirname, '../../../../examples/images');
  const requests = readdirSync(folder).filter((name) => name.endsWith('.lock.yaml'));

  it.each(requests)('%s and its lock agree', (name) => {
    const asked = parseLockRequest(parse(readFileSync(join(folder, name), 'utf8')));
    const path = join(folder, name.replace('.yaml', '.json'));
    expect(existsSync(path)).toBe(true);
    const text = readFileSync(path, 'utf8');
    const lock = parseLock(text);
    expect(lock.request).toEqual([...asked.packages].sort());
    expect([lock.mode, lock.architecture, lock.suites.map(({ name: suite }) => suite)]).toEqual([
      asked.mode,
      asked.architecture,
      asked.suites.map(({ name: suite }) => suite),
    ]);
    expect(formatLock(lock)).toBe(text);
    expect(lockDigest(lock)).toMatch(/^sha256:/);
    expect(text).not.toMatch(/https?:/);
  });

  it('serves the images that are built from one lock', () => {
    const packages = (name: string) =>
      new Map(parseLock(readFileSync(join(folder, `${name}.lock.json`))).packages.map((entry) => [entry.name, entry.sha256]));
    const cc = packages('cc');
    for (const [name, hash] of [...packages('static'), ...packages('base')]) expect(cc.get(name), name).toBe(hash);
  });
});

describe('lock', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../../examples/images/cc.lock.json'), 'utf8');
  const changed = (
    edit: (lock: Record<string, unknown> & { packages: Record<string, unknown>[]; suites: Record<string, unknown>[] }) => void,
  ) => {
    const lock = JSON.parse(text);
    edit(lock);
    return JSON.stringify(lock);
  };

  it.each<[string, string]>([
    ['another version', changed((lock) => (lock['version'] = 2))],
    ['an unknown member', changed((lock) => (lock['x'] = 1))],
    ['a package twice', changed((lock) => lock.packages.push(lock.packages[0] as Record<string, unknown>))],
    ['a package of a suite that is not there', changed((lock) => Object.assign(lock.packages[0] as object, { suite: 'sid' }))],
    ['a hash that is none', changed((lock) => Object.assign(lock.packages[0] as object, { sha256: 'ABC' }))],
    ['a path that leads upwards', changed((lock) => Object.assign(lock.packages[0] as object, { path: 'pool/../../x' }))],
    ['no signature', changed((lock) => Object.assign(lock.suites[0]?.['inRelease'] as object, { signedBy: [] }))],
    [
      'a file name twice',
      changed((lock) =>
        Object.assign(lock.packages[0] as object, { path: `pool/elsewhere/${String(lock.packages[1]?.['path']).split('/').at(-1)}` }),
      ),
    ],
    ['a file that is no package', changed((lock) => Object.assign(lock.packages[0] as object, { path: 'pool/lock.json' }))],
    ['no packages', changed((lock) => (lock.packages = []))],
  ])('refuses one with %s', (_title, broken) => {
    expect(() => parseLock(broken)).toThrow(code('DEBIAN_LOCK_INVALID'));
  });
});
