import { createHmac, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { GitStore } from '@colophon/source';
import { openObjectStore, type KubeObject, type ObjectStore } from '@colophon/store';
import { resources } from '../../src/index.ts';
import { admitObject } from '../../src/start/admission.ts';
import { receivePush, type PushDependencies, type PushResult } from '../../src/webhook/receive-push.ts';

export const url = 'https://git.example/team/app.git';
export const secret = 'a secret of the repository';
export const revision = '1234567890abcdef1234567890abcdef12345678';

/** GitHub's push payload (Webhook events and payloads), as far as anybody reads it, and a time, as GitHub's has one. */
export function payload(changes: object = {}): Record<string, unknown> {
  return {
    ref: 'refs/heads/main',
    before: '0'.repeat(40),
    after: revision,
    deleted: false,
    repository: { name: 'app', full_name: 'team/app', clone_url: url, pushed_at: Date.now() },
    pusher: { name: 'dev' },
    sender: { login: 'dev' },
    ...changes,
  };
}

export interface Sent {
  readonly body: Buffer;
  readonly headers: Headers;
}

export function signed(value: unknown, options: { secret?: string; id?: string; event?: string } = {}): Sent {
  const body = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
  const signature = createHmac('sha256', options.secret ?? secret)
    .update(body)
    .digest('hex');
  const headers = new Headers({
    'x-github-event': options.event ?? 'push',
    'x-github-delivery': options.id ?? randomUUID(),
    'x-hub-signature-256': `sha256=${signature}`,
  });
  return { body, headers };
}

export const buildYaml = `
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  generateName: build-
  annotations:
    pipelinesascode.tekton.dev/on-event: "[push]"
    pipelinesascode.tekton.dev/on-target-branch: "[main]"
spec:
  params:
    - name: revision
      value: "{{ revision }}"
    - name: branch
      value: "{{ source_branch }}"
  pipelineSpec:
    params:
      - name: revision
      - name: branch
    tasks:
      - name: only
        taskSpec:
          steps:
            - name: a
              image: example.org/busybox
              script: echo $(params.revision)
`;

export interface PushHouse {
  readonly store: ObjectStore;
  /** `.tekton/`. */
  readonly files: Map<string, string>;
  readonly dependencies: PushDependencies;
  /** What git fetch does, beside succeeding. */
  onFetch: () => void | Promise<void>;
  push(sent: Sent): Promise<PushResult>;
  runs(namespace?: string): Promise<KubeObject[]>;
  /** The same data, in a server that was started anew. */
  reopen(): Promise<PushHouse>;
}

/** A registered repository, its secret, and a git that has just one commit. */
export async function pushHouse(directory: string, files = new Map([['build.yaml', buildYaml]])): Promise<PushHouse> {
  const store = await openObjectStore(join(directory, 'objects.sqlite'));
  const git: Pick<GitStore, 'fetch' | 'listFiles' | 'readFile'> = {
    async fetch(uri, wanted) {
      await house.onFetch();
      return { uri, commit: wanted };
    },
    listFiles: async () => [...files.keys()],
    readFile: async (_uri, _commit, path) => Buffer.from(files.get(path.slice('.tekton/'.length)) as string),
  };
  const dependencies: PushDependencies = {
    store,
    git,
    values: { registry: 'registry.example' },
    admit: (run) => admitObject(resources.pipelineruns, run, 'create'),
  };
  const house: PushHouse = {
    store,
    files,
    dependencies,
    onFetch: () => {},
    push: ({ headers, body }) => receivePush(headers, body, dependencies),
    runs: async (namespace) => (await store.list(resources.pipelineruns, namespace)).items,
    async reopen() {
      await store.close();
      return pushHouse(directory, files);
    },
  };
  if ((await store.get(resources.repositories, 'team', 'app')) === undefined) await register(store, { name: 'app', url, secret });
  return house;
}

export async function register(
  store: ObjectStore,
  { name, namespace = 'team', ...given }: { name: string; namespace?: string; url: string; secret?: string },
): Promise<void> {
  if (given.secret !== undefined) {
    const data = { 'webhook.secret': Buffer.from(given.secret).toString('base64') };
    await store.create(resources.secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name: `${name}-webhook`, namespace }, data });
  }
  await store.create(resources.repositories, {
    apiVersion: 'colophon.dev/v1',
    kind: 'Repository',
    metadata: { name, namespace },
    spec: { url: given.url, webhookSecret: { name: `${name}-webhook` } },
  });
}
