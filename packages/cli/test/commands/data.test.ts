import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chmod, mkdir, readFile, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createRegistryClient } from '@colophon/oci';
import { digestOf } from '@colophon/core';
import { intoto } from '../../../log/test/support.ts';
import { colophon, temporary, type Ended, type RunOptions } from '../support/process.ts';
import { startServerProcess, type ServerProcess } from '../support/server.ts';

// Each command is a process of its own, and the machine may be busy.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let root: string;
let remove: () => Promise<void>;
beforeAll(async () => ({ path: root, remove } = await temporary()));
afterAll(() => remove());

interface Doctor {
  readonly missing: number;
  readonly findings: { name: string; state: string; found: string; advice?: string }[];
}

describe('doctor', () => {
  test('says what is missing with its exit code, and asks no mirror when told so', async () => {
    let asked = 0;
    const mirror = createServer((_request, response) => void ((asked += 1), response.end()));
    await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`;
    const env = { COLOPHON_DATA: join(root, 'none'), COLOPHON_DEBIAN_MIRROR: url, COLOPHON_DEBIAN_SECURITY_MIRROR: url };
    try {
      const offline = await colophon(['doctor', '--offline', '-o', 'json'], { env });
      expect(asked).toBe(0);
      const { missing, findings } = offline.json<Doctor>();
      expect(offline.code).toBe(missing === 0 ? 0 : 1);
      expect(missing).toBe(findings.filter(({ state }) => state === 'missing').length);
      const names = findings.map(({ name }) => name);
      for (const name of ['bubblewrap', 'Node', 'space', 'data directory', 'clock', 'Debian archive', 'archive keyrings', 'server'])
        expect(names).toContain(name);
      expect(findings.find(({ name }) => name === 'server')).toMatchObject({
        state: 'limited',
        advice: expect.stringContaining('colophon server'),
      });
      const online = await colophon(['doctor', '-o', 'json'], { env });
      expect(asked).toBe(2);
      expect(online.json<Doctor>().findings.find(({ name }) => name === 'Debian archive')?.found).toContain('answers');
      await expect(stat(join(root, 'none'))).rejects.toThrow('ENOENT');
    } finally {
      mirror.closeAllConnections();
      await new Promise((resolve) => mirror.close(resolve));
    }
  });

  test('a mirror that does not answer, a data directory that others can write, a clock that went back', async () => {
    const data = join(root, 'unsafe');
    await mkdir(data);
    await chmod(data, 0o777);
    const dead = {
      COLOPHON_DATA: data,
      COLOPHON_DEBIAN_MIRROR: 'http://127.0.0.1:1',
      COLOPHON_DEBIAN_SECURITY_MIRROR: 'http://127.0.0.1:1',
    };
    const found = await colophon(['doctor'], { env: dead });
    expect(found.code).toBe(1);
    expect(found.out).toMatch(/✗ +Debian archive +missing/);
    expect(found.out).toContain(`→ chmod go-w ${data}`);
    await writeFile(join(data, 'objects.sqlite'), '');
    const future = new Date(Date.now() + 86_400_000);
    await utimes(join(data, 'objects.sqlite'), future, future);
    const { findings } = (await colophon(['doctor', '--offline', '-o', 'json'], { env: dead })).json<Doctor>();
    expect(findings.find(({ name }) => name === 'clock')).toMatchObject({ state: 'missing', found: expect.stringContaining('earlier') });
  });
});

test('backup and restore: wrong usage, and files that are none', async () => {
  const env = { COLOPHON_DATA: join(root, 'none') };
  expect((await colophon(['backup', join(root, 'x.tar')], { env })).code).toBe(3);
  expect((await colophon(['backup'], { env })).code).toBe(2);
  await writeFile(join(root, 'garbage.tar'), Buffer.alloc(10_000, 7));
  const garbage = await colophon(['restore', join(root, 'garbage.tar'), '--data', join(root, 'y'), '-o', 'json'], { env });
  expect(garbage.code).toBe(6);
  expect(garbage.json()).toMatchObject({ error: { code: 'SERVER_BACKUP_INVALID' } });
  expect(garbage.err.match(/error:/g)).toHaveLength(1);
  // A restore never guesses where to.
  expect((await colophon(['restore', join(root, 'garbage.tar')], { env })).code).toBe(2);
  expect((await colophon(['restore', join(root, 'missing.tar'), '--data', join(root, 'y')], { env })).code).toBe(6);
  expect(await readdir(root)).not.toContain('y');
  expect((await colophon(['prune'], { env })).code).toBe(3);
  expect((await colophon(['prune', '--keep-days', '-1'], { env })).code).toBe(2);
});

describe.skipIf(process.getuid?.() !== 0)('beside a running server (whose sandbox needs root)', () => {
  let server: ServerProcess;
  let data: string;
  const run = (args: readonly string[], options: RunOptions = {}): Promise<Ended> =>
    colophon(args, { ...options, env: { COLOPHON_DATA: data, ...options.env } });

  beforeAll(async () => {
    data = join(root, 'server');
    server = await startServerProcess(data);
  });
  afterAll(() => server.stop());

  test('doctor finds it, keys print its keys, the log proves what was logged', async () => {
    const { findings } = (await run(['doctor', '--offline', '-o', 'json'])).json<Doctor>();
    for (const name of ['server', 'registry', 'log']) expect(findings.find((one) => one.name === name)).toMatchObject({ state: 'good' });
    expect(findings.find(({ name }) => name === 'data directory')?.found).toContain('in use by a server');
    expect((await run(['keys', 'public'])).out).toBe(await readFile(join(data, 'keys', 'provenance.pub'), 'utf8'));
    expect((await run(['keys', 'public', '--log'])).out).toBe(await readFile(join(data, 'keys', 'log.pub'), 'utf8'));
    const token = (await readFile(join(data, 'admin.token'), 'utf8')).trim();
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'x', digest: { sha256: 'a'.repeat(64) } }],
      predicateType: 'https://example.org/p',
      predicate: {},
    };
    const added = await fetch(`${server.url}/api/v1/log/entries`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(intoto(statement)),
    });
    expect(added.status).toBe(201);
    expect((await run(['log', 'get', '0', '--log-key', join(data, 'keys', 'log.pub')])).code).toBe(0);
    expect((await run(['log', 'search', '--sha', 'a'.repeat(64)])).code).toBe(0);
  });

  test('image show and diff pull from its registry', async () => {
    const credentials = { username: 'colophon', password: (await readFile(join(data, 'admin.token'), 'utf8')).trim() };
    const host = new URL(server.url).host;
    const client = createRegistryClient({ registry: host, credentials: async () => credentials });
    const config = Buffer.from(
      JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] }, config: {} }),
    );
    await client.pushBlob('a/empty', { digest: digestOf(config), size: config.length }, config);
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
        layers: [],
      }),
    );
    await client.pushManifest('a/empty', 'latest', manifest, 'application/vnd.oci.image.manifest.v1+json');
    const shown = await run(['image', 'show', `${host}/a/empty:latest`]);
    expect(shown.code, shown.err).toBe(0);
    expect(shown.out).toContain(digestOf(manifest));
    expect((await run(['image', 'diff', `${host}/a/empty`, `${host}/a/empty@${digestOf(manifest)}`])).code).toBe(0);
    expect((await run(['image', 'show', `${host}/a/none`])).code).toBe(3);
  });

  test('a backup beside it is restored, and a server starts on it with the same log', async () => {
    const file = join(root, 'with-keys.tar');
    const made = await run(['backup', file, '--with-keys', '-o', 'json']);
    expect(made.code, made.err).toBe(0);
    expect(made.json()).toMatchObject({ keys: true });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await run(['backup', file])).code).toBe(2);
    const copy = join(root, 'copy');
    expect((await run(['restore', file, '--data', copy])).code).toBe(0);
    expect((await run(['restore', file, '--data', copy])).code).toBe(2);
    const second = await startServerProcess(copy);
    try {
      const [info, again] = [
        await run(['log', 'info', '-o', 'json']),
        await colophon(['log', 'info', '-o', 'json'], { env: { COLOPHON_DATA: copy } }),
      ];
      expect(again.code).toBe(0);
      const { origin, treeSize, rootHash } = info.json();
      expect(again.json()).toMatchObject({ origin, treeSize, rootHash });
      // The old token still opens the door.
      expect(await readFile(join(copy, 'admin.token'), 'utf8')).toBe(await readFile(join(data, 'admin.token'), 'utf8'));
    } finally {
      await second.stop();
    }
  });

  test('prune goes through its API, and takes nothing that is named', async () => {
    const before = (await readdir(join(data, 'blobs', 'sha256'))).length;
    const dry = await run(['prune', '--dry-run', '--keep-days', '0', '-o', 'json']);
    expect(dry.code, dry.err).toBe(0);
    expect(dry.json()).toMatchObject({ serverRuns: true, dryRun: true });
    const done = await run(['prune', '-o', 'json']);
    expect(done.code, done.err).toBe(0);
    expect(done.json()).toMatchObject({ removed: [] });
    expect((await readdir(join(data, 'blobs', 'sha256'))).length).toBe(before);
    // What is old goes by the same way: here the build of a task whose run is gone.
    const token = (await readFile(join(data, 'admin.token'), 'utf8')).trim();
    const builds = `${server.url}/kubernetes/apis/colophon.dev/v1/namespaces/default/builds`;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const spec = { uid: 'child', parent: { uid: 'gone' }, finishedAt: '2020-01-01T00:00:00Z', inputs: [], stepImages: [] };
    const created = await fetch(builds, {
      method: 'POST',
      headers,
      body: JSON.stringify({ apiVersion: 'colophon.dev/v1', kind: 'Build', metadata: { name: 'child', namespace: 'default' }, spec }),
    });
    expect(created.status).toBe(201);
    const pruned = await run(['prune']);
    expect(pruned.out).toContain('build/default/child');
    expect((await fetch(`${builds}/child`, { headers })).status).toBe(404);
    const stranger = await run(['prune', '--dry-run'], { env: { COLOPHON_TOKEN: 'not-a-token' } });
    expect(stranger.code).toBe(4);
  });
});
