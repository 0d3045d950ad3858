import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectIpc, digestOf, type Digest, type IpcClient } from '@colophon/core';
import { writeTar, type Entry } from '@colophon/image';
import { mediaTypes } from '@colophon/oci';
import { openBlobStore } from '@colophon/store';
import { perl, perlLayer } from './perl.ts';
import { startRunnerHost, type RunnerHostOptions, type TaskEvent, type TaskOutcome, type TaskPlanInput } from '@colophon/runner';

/** Why sandboxes cannot be tried here; undefined when they can. */
export function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  try {
    execFileSync('bwrap', ['--version']);
  } catch {
    return 'bubblewrap is not installed';
  }
  return busybox() === undefined ? 'busybox-static is not installed' : undefined;
}

function busybox(): string | undefined {
  return ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
}

const applets = [
  'sh',
  'ls',
  'cat',
  'id',
  'echo',
  'mkdir',
  'touch',
  'mount',
  'ip',
  'sleep',
  'env',
  'ln',
  'rm',
  'stat',
  'ps',
  'kill',
  'dd',
  'wget',
  'nc',
  'chown',
  'chmod',
  'mknod',
  'setsid',
  'nohup',
  'yes',
  'head',
  'true',
  'false',
  'unshare',
  'nsenter',
  'chroot',
  'printf',
  'find',
  'grep',
  'date',
  'seq',
  'test',
  'tar',
  'mkfifo',
  'wc',
  'readlink',
  'timeout',
  'umount',
  'hostname',
  'sync',
  'df',
  'su',
];

export interface TestHost {
  readonly data: string;
  readonly image: Digest;
  /** The image with perl in it. */
  readonly perlImage: Digest;
  readonly perlLayers: readonly Buffer[];
  readonly client: IpcClient;
  run(
    plan: Partial<TaskPlanInput> & { script?: string; step?: object },
    options?: { signal?: AbortSignal; onEvent?: (event: TaskEvent) => void },
  ): Promise<TaskOutcome>;
  log(uid: string, step?: string): string;
  addImage(layers: readonly Buffer[], config?: object): Promise<Digest>;
  close(): Promise<void>;
}

let counter = 0;

export async function testHost(options: Pick<RunnerHostOptions, 'without'> = {}): Promise<TestHost> {
  const data = mkdtempSync(join(tmpdir(), 'colophon-runner-'));
  const blobs = await openBlobStore(join(data, 'blobs'));
  const addImage = async (layers: readonly Buffer[], config: object = {}): Promise<Digest> => {
    const put = async (bytes: Buffer, mediaType: string) => ({ mediaType, ...(await blobs.put(bytes)) });
    const layerDescriptors = await Promise.all(layers.map((layer) => put(layer, mediaTypes.layer)));
    const configBytes = Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config,
        rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer)) },
      }),
    );
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: await put(configBytes, mediaTypes.config),
      layers: layerDescriptors,
    };
    return (await blobs.put(Buffer.from(JSON.stringify(manifest)))).digest;
  };
  const directory = (path: string, mode = 0o755): Entry => ({ path, type: 'directory', mode, uid: 0, gid: 0, mtime: 0 });
  const file = (path: string, content: Uint8Array | string, mode = 0o644): Entry => ({
    path,
    type: 'file',
    mode,
    uid: 0,
    gid: 0,
    mtime: 0,
    content: Buffer.from(content as Uint8Array),
  });
  const entries: Entry[] = [
    directory('bin'),
    directory('etc'),
    directory('tmp', 0o1777),
    file('bin/busybox', readFileSync(busybox() as string), 0o755),
    file('etc/passwd', 'root:x:0:0::/root:/bin/sh\nuser:x:1001:1001::/:/bin/sh\n'),
    file('etc/root-only', 'secret of root', 0o600),
    ...applets.map((applet): Entry => ({
      path: `bin/${applet}`,
      type: 'symlink',
      mode: 0o777,
      uid: 0,
      gid: 0,
      mtime: 0,
      linkTarget: 'busybox',
    })),
  ];
  const base = Buffer.from(writeTar(entries));
  const perlLayers = perl === undefined ? [base] : [base, perlLayer()];
  const image = await addImage([base], { Env: ['PATH=/bin'] });
  const perlImage = perl === undefined ? image : await addImage(perlLayers, { Env: ['PATH=/bin:/usr/bin'] });
  const socketPath = join(data, 'runner.sock');
  const host = await startRunnerHost({ data, socketPath, ...options });
  const client = await connectIpc(socketPath);
  return {
    data,
    image,
    perlImage,
    perlLayers,
    client,
    addImage,
    run({ script, step: more, ...plan }, { signal, onEvent } = {}) {
      const step = {
        name: 'a',
        container: 'step-a',
        image: { digest: image },
        argv: [],
        env: {},
        workingDir: '/',
        user: '',
        mounts: [],
        onError: 'stopAndFail' as const,
      };
      const full = {
        uid: `test-${counter++}`,
        namespace: 'default',
        name: 'test',
        volumes: [],
        results: [],
        steps: [{ ...step, script: `#!/bin/sh\n${script ?? 'true'}\n`, ...more }],
        ...plan,
      };
      return client.call<TaskOutcome>('runTask', full, {
        ...(signal === undefined ? {} : { signal }),
        ...(onEvent === undefined ? {} : { onEvent }),
      });
    },
    log: (uid, step = 'step-a') => readFileSync(join(data, 'runs', uid, `${step}.log`), 'utf8'),
    async close() {
      client.close();
      await host.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
