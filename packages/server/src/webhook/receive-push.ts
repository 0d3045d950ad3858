import { isColophonError } from '@colophon/core';
import type { GitStore } from '@colophon/source';
import type { KubeObject, ObjectStore } from '@colophon/store';
import { parseAllDocuments } from 'yaml';
import { serverErrors } from '../errors.ts';
import { resources } from '../resources.ts';
import { checkSignature, claimedRepository, parsePush, type PushDelivery } from './delivery.ts';
import { expand, matchesPush, prepareRun, variables } from './pipelines-as-code.ts';

export interface PushDependencies {
  readonly store: ObjectStore;
  readonly git: GitStore;
  /** Defaulting and validation, as for a run that a person submits. */
  readonly admit: (run: KubeObject) => KubeObject;
  /** Further `{{ name }}` variables, such as the step images of this server. */
  readonly values: Readonly<Record<string, string>>;
}

export interface PushResult {
  readonly delivery: string;
  readonly runs: readonly { namespace: string; name: string }[];
  readonly skipped: readonly { file: string; reason: string }[];
}

/**
 * A push webhook, from bytes to runs. The sender controls everything until the signature is checked; after that, whoever may push to the repository
 * does. A delivery id is written down before any run is made: a second delivery of it is refused, also after a restart.
 */
export async function receivePush(headers: Headers, body: Uint8Array, dependencies: PushDependencies): Promise<PushResult> {
  const { store } = dependencies;
  const repository = await findRepository(store, claimedRepository(body));
  const secret = await readSecret(store, repository);
  checkSignature(body, headers.get('x-hub-signature-256'), secret);
  const event = headers.get('x-github-event') ?? '';
  if (event === 'ping') return { delivery: headers.get('x-github-delivery') ?? '', runs: [], skipped: [] };
  if (event !== 'push')
    throw serverErrors.error('SERVER_WEBHOOK_INVALID', `X-GitHub-Event is ${JSON.stringify(event.slice(0, 60))}; only push starts runs`);
  const delivery = parsePush(headers, body);
  const namespace = repository.metadata.namespace ?? 'default';
  await recordDelivery(store, delivery, namespace);
  if (delivery.revision === undefined) return { delivery: delivery.id, runs: [], skipped: [] };
  return startRuns(delivery, delivery.revision, repository, namespace, dependencies);
}

async function findRepository(store: ObjectStore, url: string): Promise<KubeObject> {
  const plain = (text: string) => text.replace(/^git\+/, '').replace(/(?:\.git)?\/?$/, '');
  const { items } = await store.list(resources.repositories);
  const found = items.find((item) => plain(String(item.spec?.url)) === plain(url));
  // The same answer as for a wrong signature: an unsigned request learns nothing about which repositories exist.
  if (found === undefined)
    throw serverErrors.error('SERVER_WEBHOOK_SIGNATURE', 'X-Hub-Signature-256 does not match the body and the secret');
  return found;
}

async function readSecret(store: ObjectStore, repository: KubeObject): Promise<string> {
  const reference = repository.spec?.webhookSecret as { name?: string; key?: string } | undefined;
  const secret =
    reference?.name === undefined ? undefined : await store.get(resources.secrets, repository.metadata.namespace, reference.name);
  const value = (secret?.['data'] as Record<string, string> | undefined)?.[reference?.key ?? 'webhook.secret'];
  const text = value === undefined ? '' : Buffer.from(value, 'base64').toString();
  if (text.length < 16) {
    throw serverErrors.error(
      'SERVER_WEBHOOK_SIGNATURE',
      `repository ${repository.metadata.name} has no webhook secret of at least 16 characters`,
    );
  }
  return text;
}

async function recordDelivery(store: ObjectStore, delivery: PushDelivery, namespace: string): Promise<void> {
  try {
    await store.create(resources.deliveries, {
      apiVersion: 'colophon.dev/v1',
      kind: 'Delivery',
      metadata: { name: delivery.id.toLowerCase(), namespace },
      spec: { ref: delivery.ref, revision: delivery.revision ?? '', url: delivery.cloneUrl },
    });
  } catch (cause) {
    if (!isColophonError(cause) || cause.code !== 'STORE_ALREADY_EXISTS') throw cause;
    throw serverErrors.error('SERVER_WEBHOOK_REPLAYED', `delivery ${delivery.id} was received before`, { cause });
  }
}

async function startRuns(
  delivery: PushDelivery,
  revision: string,
  repository: KubeObject,
  namespace: string,
  dependencies: PushDependencies,
): Promise<PushResult> {
  const { git, store, values } = dependencies;
  const url = String(repository.spec?.url);
  await git.fetch(url, revision);
  const runs: { namespace: string; name: string }[] = [];
  const skipped: { file: string; reason: string }[] = [];
  for (const file of (await git.listFiles(url, revision, '.tekton')).filter((name) => /\.ya?ml$/.test(name))) {
    const text = (await git.readFile(url, revision, `.tekton/${file}`, 1 << 20)).toString();
    for (const document of parseAllDocuments(text)) {
      const parsed: unknown = document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 100 });
      const run = parsed as KubeObject | null | undefined;
      if (run?.kind !== 'PipelineRun') {
        skipped.push({ file, reason: document.errors[0]?.message ?? 'not a PipelineRun' });
        continue;
      }
      if (!matchesPush(run, delivery)) {
        skipped.push({ file, reason: 'its annotations do not match this push' });
        continue;
      }
      const prepared = prepareRun(expand(run, variables(delivery, values)), delivery, namespace, repository.metadata.name ?? '');
      const created = await store.create(resources.pipelineruns, dependencies.admit(prepared));
      runs.push({ namespace, name: created.metadata.name ?? '' });
    }
  }
  return { delivery: delivery.id, runs, skipped };
}
