import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { Api } from '../../client/api.ts';
import { cliErrors } from '../../errors.ts';
import { runPath, type Run } from '../../kube/objects.ts';

/** `{{ name }}` filled in; what is not known is an error. */
export async function readPipeline(file: string, values: Readonly<Record<string, string>>): Promise<Run> {
  const text = (await readFile(file, 'utf8')).replace(/^\s*#.*$/gm, '').replace(/\{\{\s*([a-z_]+)\s*\}\}/g, (_whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw cliErrors.error('CLI_USAGE', `${file} wants a value for ${name}`);
    return value;
  });
  const run = parse(text) as Run & { metadata: { name?: string; generateName?: string } };
  const { name, ...metadata } = run.metadata;
  return { ...run, metadata: { ...metadata, generateName: `${name}-` } as unknown as Run['metadata'] };
}

export async function submitPipeline(api: Api, run: Run, namespace = 'default'): Promise<Run> {
  return (await api.send('POST', runPath(namespace, 'pipelineruns'), run)) as Run;
}

interface Build {
  readonly spec: {
    readonly produced: readonly { repository: string; reference: string; digest: string }[];
    readonly children: readonly { uid: string }[];
  };
  readonly status?: { readonly phase: string; readonly items: readonly { name: string; logIndex?: number; uuid?: string }[] };
}

const buildPath = (namespace: string, uid: string) => `/kubernetes/apis/colophon.dev/v1/namespaces/${namespace}/builds/${uid}`;

export interface AttestedBuild {
  readonly images: readonly { repository: string; reference: string; digest: string }[];
  readonly logIndex: number;
  readonly uuid: string;
}

/** Waits until the attestor is done with a finished run. */
export async function waitForAttestation(api: Api, run: Run, signal: AbortSignal): Promise<AttestedBuild> {
  for (;;) {
    signal.throwIfAborted();
    const build = (await api.get(buildPath(run.metadata.namespace, run.metadata.uid)).catch(() => undefined)) as Build | undefined;
    if (build?.status?.phase === 'Complete') {
      const children = await Promise.all(
        build.spec.children.map(async ({ uid }) => (await api.get(buildPath(run.metadata.namespace, uid))) as Build),
      );
      const provenance = build.status.items.find(({ name }) => name === 'provenance');
      return {
        images: [build, ...children].flatMap(({ spec }) => spec.produced),
        logIndex: provenance?.logIndex ?? 0,
        uuid: provenance?.uuid ?? '',
      };
    }
    await sleep(100, undefined, { signal });
  }
}

/** Lets pushes to the repository start its pipelines; gives the webhook's secret. Done once for each repository. */
export async function registerRepository(api: Api, name: string, url: string, namespace = 'default'): Promise<string> {
  const secrets = `/kubernetes/api/v1/namespaces/${namespace}/secrets`;
  const known = (await api.get(`${secrets}/${name}-webhook`).catch(() => undefined)) as { data?: Record<string, string> } | undefined;
  const stored = known?.data?.['webhook.secret'];
  if (stored !== undefined) return Buffer.from(stored, 'base64').toString();
  const secret = randomBytes(24).toString('base64url');
  await api.send('POST', secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${name}-webhook`, namespace },
    type: 'Opaque',
    data: { 'webhook.secret': Buffer.from(secret).toString('base64') },
  });
  await api.send('POST', `/kubernetes/apis/colophon.dev/v1/namespaces/${namespace}/repositories`, {
    apiVersion: 'colophon.dev/v1',
    kind: 'Repository',
    metadata: { name, namespace },
    spec: { url, webhookSecret: { name: `${name}-webhook`, key: 'webhook.secret' } },
  });
  return secret;
}
