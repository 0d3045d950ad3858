import { errorCode, isColophonError } from '@colophon/core';
import { parseDocuments } from '@colophon/pipeline';
import type { GitStore } from '@colophon/source';
import type { KubeObject, ObjectStore } from '@colophon/store';
import { serverErrors } from '../errors.ts';
import { resources } from '../resources.ts';
import { parsePush, type PushDelivery } from './delivery.ts';
import { expand, matchesPush, prepareRun, variables } from './pipelines-as-code.ts';
import { takeDelivery } from './replay.ts';
import { authenticate } from './repository.ts';

export interface PushDependencies {
  readonly store: ObjectStore;
  readonly git: Pick<GitStore, 'fetch' | 'listFiles' | 'readFile'>;
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

const limits = { files: 200, fileBytes: 1 << 20 };

/**
 * A push webhook, from bytes to runs. The sender controls everything until the signature is checked; after that, whoever may push to the repository
 * does. What is answered has been done: each run is durable. A file that is wrong is skipped with the reason, and takes no other with it.
 */
export async function receivePush(headers: Headers, body: Uint8Array, dependencies: PushDependencies): Promise<PushResult> {
  const { store } = dependencies;
  const repository = await authenticate(headers, body, store);
  const event = headers.get('x-github-event') ?? '';
  if (event === 'ping') return { delivery: headers.get('x-github-delivery') ?? '', runs: [], skipped: [] };
  if (event !== 'push')
    throw serverErrors.error('SERVER_WEBHOOK_INVALID', `X-GitHub-Event is ${JSON.stringify(event.slice(0, 60))}; only push starts runs`);
  const delivery = parsePush(headers, body);
  const namespace = repository.metadata.namespace ?? 'default';
  const done = await takeDelivery(store, delivery, body, namespace);
  const result =
    delivery.revision === undefined
      ? { runs: [], skipped: [] }
      : await startRuns(delivery, delivery.revision, repository, namespace, dependencies);
  await done(result.runs.map(({ name }) => name));
  return { delivery: delivery.id, ...result };
}

async function startRuns(
  delivery: PushDelivery,
  revision: string,
  repository: KubeObject,
  namespace: string,
  dependencies: PushDependencies,
): Promise<Pick<PushResult, 'runs' | 'skipped'>> {
  const { git, values } = dependencies;
  const url = String(repository.spec?.url);
  const runs: { namespace: string; name: string }[] = [];
  const skipped: { file: string; reason: string }[] = [];
  const expanded = variables(delivery, values);
  await git.fetch(url, revision);
  const files = (await git.listFiles(url, revision, '.tekton')).filter((name) => /\.ya?ml$/.test(name));
  for (const file of files.slice(limits.files)) skipped.push({ file, reason: `more than ${limits.files} files` });
  for (const file of files.slice(0, limits.files)) {
    const found = await readRuns(file, (path) => git.readFile(url, revision, path, limits.fileBytes));
    if ('reason' in found) skipped.push({ file, reason: found.reason });
    else
      for (const [number, run] of found.documents.entries()) {
        const from = { namespace, repository: repository.metadata.name ?? '', place: `${file}\n${number}` };
        const prepared = prepare(run, delivery, expanded, from, dependencies);
        if ('reason' in prepared) skipped.push({ file, reason: prepared.reason });
        else runs.push({ namespace, name: await startRun(prepared.run, dependencies.store) });
      }
  }
  return { runs, skipped };
}

type Skipped = { readonly reason: string };

async function readRuns(
  file: string,
  read: (path: string) => Promise<Buffer>,
): Promise<Skipped | { documents: readonly Record<string, unknown>[] }> {
  try {
    return { documents: parseDocuments((await read(`.tekton/${file}`)).toString(), file).map(({ value }) => value) };
  } catch (error) {
    return reasonOf(error);
  }
}

/** The run as it is to be made. Everything of `document` was written by whoever may push. */
function prepare(
  document: Record<string, unknown>,
  delivery: PushDelivery,
  values: Readonly<Record<string, string>>,
  from: Parameters<typeof prepareRun>[2],
  { admit }: PushDependencies,
): Skipped | { run: KubeObject } {
  const run = pipelineRun(document);
  if (run === undefined) return { reason: 'not a PipelineRun' };
  if (!matchesPush(run, delivery)) return { reason: 'its annotations do not match this push' };
  try {
    return { run: admit(prepareRun(expand(run, values), delivery, from)) };
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): Skipped {
  if (!isColophonError(error)) throw error;
  return { reason: error.message };
}

function pipelineRun(value: Record<string, unknown>): KubeObject | undefined {
  const { metadata } = value;
  const named = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  return value['kind'] === 'PipelineRun' && named ? (value as unknown as KubeObject) : undefined;
}

/** The name says which delivery it comes of: what is there already was made by it before a crash. */
async function startRun(run: KubeObject, store: ObjectStore): Promise<string> {
  try {
    return (await store.create(resources.pipelineruns, run)).metadata.name as string;
  } catch (error) {
    if (errorCode(error) === 'STORE_ALREADY_EXISTS') return run.metadata.name as string;
    throw error;
  }
}
