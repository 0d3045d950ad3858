import { execFileSync } from 'node:child_process';
import { access, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createBackup, resources, restoreBackup } from '../../src/index.ts';
import { hashedrekord, intoto, openData, pushImage, temporary } from '../support-data.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function place(): Promise<string> {
  const { path, remove } = await temporary();
  cleanups.push(remove);
  return path;
}

test(
  'a backup beside a server that writes holds everything that was acknowledged before it, and fits together',
  { timeout: 120_000 },
  async () => {
    const root = await place();
    const data = await openData(join(root, 'data'));
    const stop = new AbortController();
    const acknowledged: string[] = [];
    // More than one tile, so that full and partial ones and the level above are there.
    await Promise.all(
      Array.from({ length: 300 }, (_, n) => data.log.append(hashedrekord(`before ${n}`)).then(({ uuid }) => acknowledged.push(uuid))),
    );
    await pushImage(data.registry, 'distroless/cc', 'latest', 'before');
    const { entry, payload } = intoto({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [],
      predicateType: 'https://example.org/p',
      predicate: {},
    });
    const attestation = await data.log.append(entry);

    const writer = (async () => {
      for (let n = 0; !stop.signal.aborted; n += 1) {
        await Promise.all(
          Array.from({ length: 4 }, (_, m) =>
            data.log.append(hashedrekord(`during ${n} ${m}`)).then(({ uuid }) => acknowledged.push(uuid)),
          ),
        );
        const digest = await pushImage(data.registry, 'distroless/cc', 'latest', `during ${n}`);
        await data.objects.create(resources.configmaps, {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: `pushed-${n}`, namespace: 'default' },
          data: { digest },
        });
      }
    })();
    try {
      for (let round = 0; round < 3; round += 1) {
        const before = [...acknowledged];
        const file = join(root, `backup-${round}.tar`);
        const result = await createBackup({ data: data.directory.root, file, withKeys: true, program: 'test' });
        expect((await stat(file)).mode & 0o777).toBe(0o600);
        // Of the tiles; what is acknowledged and not in them yet is in the journal, and counted below.
        expect(result.logSize).toBeGreaterThan(0);
        // Another's program reads the archive as well.
        expect(execFileSync('tar', ['-tf', file]).toString()).toContain('objects.sqlite\n');

        const target = join(root, `restored-${round}`);
        await restoreBackup({ file, data: target });
        const copy = await openData(target);
        try {
          const fsck = await copy.log.fsck();
          expect(fsck.problems).toEqual([]);
          for (const uuid of before) expect((await copy.log.get(uuid)).uuid).toBe(uuid);
          expect(Buffer.from((await copy.log.get(attestation.uuid)).entry.attestation?.data ?? '', 'base64')).toEqual(payload);
          for await (const digest of copy.registry.liveDigests()) expect(await copy.blobs.stat(digest), digest).toBeDefined();
          // An object says only of what is there.
          for (const item of (await copy.objects.list(resources.configmaps)).items)
            expect(await copy.registry.statManifest('distroless/cc', (item['data'] as { digest: string }).digest)).toBeDefined();
          // And it goes on: the signer signs what follows.
          await copy.log.append(hashedrekord('after the restore'));
        } finally {
          await copy.close();
        }
      }
    } finally {
      stop.abort();
      await writer;
      await data.close();
    }
  },
);

test('without --with-keys no private key, password or token is in it', async () => {
  const root = await place();
  const data = await openData(join(root, 'data'));
  await data.close();
  const file = join(root, 'backup.tar');
  await createBackup({ data: data.directory.root, file, withKeys: false, program: 'test' });
  const names = execFileSync('tar', ['-tf', file]).toString().split('\n');
  expect(names.filter((name) => name.startsWith('keys/')).toSorted()).toEqual([
    'keys/checkpoint.json',
    'keys/log.pub',
    'keys/provenance.pub',
  ]);
  expect(names).not.toContain('admin.token');
});

test('git repositories come back without settings and hooks, and git reads them', async () => {
  const root = await place();
  const data = await openData(join(root, 'data'));
  await data.close();
  const repository = join(data.directory.inputs, 'repositories', 'ab12.git');
  const git = (...args: string[]) =>
    execFileSync('git', [`--git-dir=${repository}`, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  await mkdir(repository, { recursive: true });
  git('init', '--quiet', '--bare');
  const tree = git('hash-object', '-t', 'tree', '-w', '/dev/null');
  const commit = execFileSync('git', [
    '-c',
    'user.name=a',
    '-c',
    'user.email=a@b.c',
    `--git-dir=${repository}`,
    'commit-tree',
    tree,
    '-m',
    'x',
  ])
    .toString()
    .trim();
  git('update-ref', `refs/colophon/kept/${commit}`, commit);
  git('config', 'core.fsmonitor', 'touch /tmp/never');

  const file = join(root, 'backup.tar');
  await createBackup({ data: data.directory.root, file, withKeys: false, program: 'test' });
  await restoreBackup({ file, data: join(root, 'restored') });
  const restored = join(root, 'restored', 'inputs', 'repositories', 'ab12.git');
  await expect(access(join(restored, 'config'))).rejects.toThrow('ENOENT');
  const again = (...args: string[]) =>
    execFileSync('git', [`--git-dir=${restored}`, ...args])
      .toString()
      .trim();
  again('init', '--quiet', '--bare');
  expect(again('rev-parse', `refs/colophon/kept/${commit}^{commit}`)).toBe(commit);
});
