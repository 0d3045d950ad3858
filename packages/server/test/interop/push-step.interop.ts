import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '@colophon/core';
import { writeTar, type Entry } from '@colophon/image';
import { createRegistryClient, mediaTypes, type Descriptor } from '@colophon/oci';
import { startServer, type RunningServer } from '@colophon/server';

const crane = join(process.env['COLOPHON_CLIENTS'] ?? resolve(import.meta.dirname, '../../../../.cache/clients'), 'crane');
const parts: Readonly<Record<string, string>> = {
  'bin/busybox': ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path)) ?? '',
  'usr/bin/crane': crane,
  'lib64/ld-linux-x86-64.so.2': '/lib64/ld-linux-x86-64.so.2',
  'lib/x86_64-linux-gnu/libc.so.6': '/lib/x86_64-linux-gnu/libc.so.6',
};
const absent = process.getuid?.() === 0 ? Object.values(parts).find((path) => !existsSync(path)) : 'root';
if (absent !== undefined) console.warn(`the push step is left out: ${absent} is missing`);

/** A step that pushes with an ordinary client: a token for this run and this repository, a way to the registry, and nothing else. */
describe.skipIf(absent !== undefined)('crane in a step', () => {
  let data: string;
  let server: RunningServer;
  let image: string;

  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'colophon-push-'));
    server = await startServer({ data, port: 0, logLevel: 'error' });
    image = await stepImage(server);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  });

  const api = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${server.url}/kubernetes${path}`, {
      method,
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as {
      metadata: { name: string; uid: string };
      status?: { conditions: { status: string; message: string }[] };
      spec: never;
    };
  };

  async function run(script: string, annotations: Readonly<Record<string, string>>) {
    const runs = '/apis/tekton.dev/v1/namespaces/default/taskruns';
    const { metadata } = await api('POST', runs, {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: { generateName: 'push-', annotations },
      spec: { taskSpec: { steps: [{ name: 'push', image, script: `#!/bin/sh\n${script}\n` }] } },
    });
    await expect
      .poll(() => api('GET', `${runs}/${metadata.name}`), { timeout: 60_000 })
      .toMatchObject({ status: { completionTime: expect.any(String) as string } });
    const { status } = await api('GET', `${runs}/${metadata.name}`);
    const log = readFileSync(join(data, 'runs', metadata.uid, 'step-push.log'), 'utf8');
    return { uid: metadata.uid, succeeded: status?.conditions[0]?.status === 'True', log };
  }

  const push = (repository: string) =>
    `cd /workspace && echo content > file && tar -cf layer.tar file && crane append --insecure -f layer.tar -t ${server.registryHost}/${repository}:v1`;

  it('pushes to its repository; the control plane sees what arrived, and attests it', async () => {
    const { succeeded, log, uid } = await run(push('team/app'), { 'colophon.dev/push': `${server.registryHost}/team/app` });
    expect({ succeeded, log }).toMatchObject({ succeeded: true });
    const client = createRegistryClient({ registry: server.registryHost });
    const pushed = (await client.resolve('team/app', 'v1')) as Descriptor;
    expect(log).toContain(pushed.digest);
    const build = await api('GET', `/apis/colophon.dev/v1/namespaces/default/builds/${uid}`);
    expect(build.spec).toMatchObject({ produced: [{ digest: pushed.digest, repository: `${server.registryHost}/team/app` }] });
    await server.attested();
    expect(await client.tags('team/app')).toContain(`${pushed.digest.replace(':', '-')}.att`);
  });

  it('cannot push elsewhere, nor without the token, nor under a tag that speaks of other images', async () => {
    const granted = { 'colophon.dev/push': `${server.registryHost}/team/app` };
    expect((await run(push('team/other'), granted)).succeeded).toBe(false);
    expect((await run(push('colophon/step'), granted)).succeeded).toBe(false);
    expect((await run(push('team/app').replace(':v1', `:sha256-${'0'.repeat(64)}.att`), granted)).succeeded).toBe(false);
    const without = await run(push('team/app'), {});
    expect(without.succeeded).toBe(false);
    expect(
      (await run(`wget -T 3 -O - http://${server.registryHost}/kubernetes/api/v1/namespaces/default/secrets`, granted)).succeeded,
    ).toBe(false);
  });

  it('the token is in no log, and is worth nothing after the run', async () => {
    const { log } = await run('cat $DOCKER_CONFIG/config.json; sed "s/./& /g" $DOCKER_CONFIG/config.json', {
      'colophon.dev/push': `${server.registryHost}/team/app`,
    });
    expect(log).toContain('***');
    const spaced = log.slice(log.indexOf('{ "')).replaceAll(' ', '');
    const auth = /"auth":"([^"]+)"/.exec(spaced)?.[1] as string;
    const response = await fetch(`${server.url}/v2/team/app/blobs/uploads/`, {
      method: 'POST',
      headers: { authorization: `Basic ${auth}` },
    });
    expect(response.status).toBe(401);
  });
});

async function stepImage(server: RunningServer): Promise<string> {
  const client = createRegistryClient({
    registry: server.registryHost,
    credentials: async () => ({ username: 'colophon', password: server.token }),
  });
  const entries: Entry[] = Object.entries(parts).map(([path, source]) => ({
    path,
    type: 'file',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
    content: readFileSync(source),
  }));
  for (const applet of ['sh', 'cat', 'echo', 'tar', 'sed', 'wget'])
    entries.push({ path: `bin/${applet}`, type: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime: 0, linkTarget: 'busybox' });
  const layer = writeTar(entries);
  const put = async (bytes: Buffer, mediaType: string): Promise<Descriptor> => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await client.pushBlob('colophon/step', descriptor, bytes);
    return descriptor;
  };
  const layers = [await put(layer, mediaTypes.layer)];
  const config = await put(
    Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: { Env: ['PATH=/usr/bin:/bin'] },
        rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      }),
    ),
    mediaTypes.config,
  );
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers }));
  const digest = await client.pushManifest('colophon/step', digestOf(manifest), manifest, mediaTypes.manifest);
  return `${server.registryHost}/colophon/step@${digest}`;
}
