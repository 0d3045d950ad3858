import type { KubeObject, ResourceType, WatchEvent } from '@colophon/store';
import { shownAs } from './reply.ts';
import type { Query, Source } from './source.ts';
import { notFound, Refusal, statusOf } from './status.ts';
import { streamOf } from './stream.ts';
import { apiVersionOf } from './synthetic.ts';

export interface ReadRequest {
  readonly request: Request;
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly source: Source;
}

export async function getOne({ request, type, namespace, source }: ReadRequest, name: string): Promise<Response> {
  const object = await source.get(namespace, name);
  if (object === undefined) throw notFound(type, name);
  return shown(request, type).one(object);
}

export async function listAll(read: ReadRequest): Promise<Response> {
  const { request, type, namespace, source } = read;
  const parameters = new URL(request.url).searchParams;
  if (isTrue(parameters.get('watch'))) return watch(read, parameters);
  const limit = number(parameters, 'limit');
  const token = parameters.get('continue') ?? '';
  const list = await source.list(namespace, {
    ...queryOf(parameters),
    ...(limit === undefined ? {} : { limit }),
    ...(token === '' ? {} : { continue: token }),
  });
  return shown(request, type).list(list.items, {
    resourceVersion: list.resourceVersion,
    ...(list.continue === undefined ? {} : { continue: list.continue }),
    ...(list.remaining === undefined || parameters.has('labelSelector') || parameters.has('fieldSelector')
      ? {}
      : { remainingItemCount: list.remaining }),
  });
}

/** JSON lines (Kubernetes, "API Concepts", "Efficient detection of changes"). Ends after timeoutSeconds, at most an hour. */
function watch({ request, type, namespace, source }: ReadRequest, parameters: URLSearchParams): Response {
  const seconds = Math.min(number(parameters, 'timeoutSeconds') ?? 3600, 3600);
  const view = shown(request, type);
  const bookmarks = isTrue(parameters.get('allowWatchBookmarks'));
  const query = queryOf(parameters);
  const initial = isTrue(parameters.get('sendInitialEvents'));
  const line = ({ type: kind, object }: WatchEvent) => Buffer.from(`${JSON.stringify({ type: kind, object: view.event(object) })}\n`);

  async function* events(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      let resourceVersion = parameters.get('resourceVersion') ?? '';
      if (initial) {
        const list = await source.list(namespace, query);
        for (const object of list.items) yield line({ type: 'ADDED', object });
        if (bookmarks) yield line({ type: 'BOOKMARK', object: initialEnd(type, list.resourceVersion) });
        resourceVersion = list.resourceVersion;
      }
      for await (const event of source.watch(namespace, { ...query, resourceVersion, bookmarks, signal })) yield line(event);
    } catch (error) {
      yield Buffer.from(`${JSON.stringify({ type: 'ERROR', object: statusOf(error) })}\n`);
    }
  }
  return streamOf(request, 'application/json', events, seconds * 1000);
}

function initialEnd(type: ResourceType, resourceVersion: string): KubeObject {
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  return { apiVersion: apiVersionOf(type), kind: type.kind, metadata: { resourceVersion, annotations } };
}

function shown(request: Request, type: ResourceType) {
  return shownAs(request, type, `${type.kind}List`, apiVersionOf(type));
}

export function queryOf(parameters: URLSearchParams): Query {
  const labelSelector = parameters.get('labelSelector');
  const fieldSelector = parameters.get('fieldSelector');
  return { ...(labelSelector === null ? {} : { labelSelector }), ...(fieldSelector === null ? {} : { fieldSelector }) };
}

export function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1' || value === '';
}

export function number(parameters: URLSearchParams, name: string): number | undefined {
  const value = parameters.get(name);
  if (value === null || value === '') return undefined;
  if (!/^\d{1,12}$/.test(value)) throw new Refusal(400, `invalid ${name}: ${JSON.stringify(value.slice(0, 100))}`);
  return Number(value);
}
