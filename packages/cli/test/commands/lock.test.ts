import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openArchive, type Archive } from '../support/archive.ts';
import { colophon, temporary, type Ended } from '../support/process.ts';

// Each command is a process of its own, and the machine may be busy.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let cwd: string;
let remove: () => Promise<void>;
let archive: Archive;
beforeAll(async () => {
  ({ path: cwd, remove } = await temporary());
  archive = await openArchive(cwd);
  await archive.publish([{ name: 'one' }, { name: 'two', fields: { Depends: 'one' } }]);
  await writeFile(join(cwd, 'a.lock.yaml'), 'version: 1\nsuites: [trixie]\narchitecture: amd64\npackages: [two]\n');
});
afterAll(async () => {
  await archive.mirror.close();
  await remove();
});

function lock(...args: string[]): Promise<Ended> {
  const places = [
    '--mirror',
    archive.mirror.url,
    '--security-mirror',
    archive.mirror.url,
    '--keyring',
    archive.keyring,
    '--cache',
    join(cwd, 'cache'),
  ];
  return colophon(['lock', ...args, ...places], { cwd });
}

test('writes the lock beside the request, then finds it up to date', async () => {
  const first = await lock('a.lock.yaml');
  expect(first).toMatchObject({ code: 0 });
  expect(first.out).toContain('2 packages');
  const text = await readFile(join(cwd, 'a.lock.json'), 'utf8');
  const again = await lock('a.lock.yaml', '--check', '--output', 'json');
  expect(again).toMatchObject({ code: 0 });
  expect(again.json()).toMatchObject({ upToDate: true, written: false, packages: 2, changes: { added: [], removed: [], changed: [] } });
  expect(await readFile(join(cwd, 'a.lock.json'), 'utf8')).toBe(text);
});

test('--check says what has changed and writes nothing; a lock without it writes', async () => {
  const before = await readFile(join(cwd, 'a.lock.json'), 'utf8');
  await archive.publish(
    [{ name: 'one', version: '1.0-2' }, { name: 'two', fields: { Depends: 'one, three' } }, { name: 'three' }],
    new Date(Date.now() - 1_800_000),
  );
  const check = await lock('a.lock.yaml', '--check', '-o', 'a.lock.json', '--output', 'json');
  expect(check.code).toBe(10);
  expect(check.json()).toMatchObject({
    upToDate: false,
    changes: { added: [{ name: 'three' }], removed: [], changed: [{ name: 'one', from: '1.0-1', to: '1.0-2', direction: 'newer' }] },
  });
  expect(await readFile(join(cwd, 'a.lock.json'), 'utf8')).toBe(before);
  await writeFile(join(cwd, 'old.json'), before);
  const written = await lock('a.lock.yaml', '-o', 'b.json', '--diff', 'old.json');
  expect(written.code).toBe(0);
  expect(written.out).toContain('~ one 1.0-1 → 1.0-2');
  expect(JSON.parse(await readFile(join(cwd, 'b.json'), 'utf8')).packages).toHaveLength(3);
  expect((await lock('a.lock.yaml', '--check', '-o', 'missing.json')).code).toBe(10);
});

test('an archive that went back in time does not replace a lock', async () => {
  await archive.publish([{ name: 'one' }, { name: 'two', fields: { Depends: 'one' } }], new Date(Date.now() - 7_200_000));
  const before = await readFile(join(cwd, 'b.json'), 'utf8');
  const back = await lock('a.lock.yaml', '-o', 'b.json');
  expect(back).toMatchObject({ code: 5, out: '' });
  expect(await readFile(join(cwd, 'b.json'), 'utf8')).toBe(before);
});

test('hostile and wrong requests', async () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${Array.from('bcdefghi')
    .map(
      (name, n) =>
        `${name}: &${name} [${Array(10)
          .fill(`*${String.fromCharCode(97 + n)}`)
          .join()}]\n`,
    )
    .join('')}`;
  const cases: Record<string, string> = {
    'bomb.yaml': bomb,
    'twice.yaml': 'version: 1\nversion: 1\n',
    'no.yaml': '{',
    'unknown.yaml': 'version: 1\nsuites: [trixie]\narchitecture: amd64\npackages: [one]\nextra: 1\n',
    'path.yaml': 'version: 1\nsuites: ["../../etc"]\narchitecture: amd64\npackages: [one]\n',
  };
  for (const [name, content] of Object.entries(cases)) {
    await writeFile(join(cwd, name), content);
    const { code, out } = await lock(name);
    expect(code, name).toBe(2);
    expect(out).toBe('');
  }
  expect((await lock('missing.yaml')).code).toBe(2);
  expect((await lock('no.yaml', '--mirror', 'file:///etc')).code).toBe(2);
  await writeFile(join(cwd, 'gone.yaml'), 'version: 1\nsuites: [trixie]\narchitecture: amd64\npackages: [none]\n');
  const gone = await lock('gone.yaml', '--output', 'json');
  expect(gone.code).toBe(3);
  expect(gone.json()).toMatchObject({ error: { code: 'DEBIAN_PACKAGE_UNKNOWN' } });
});
