import { createHash } from 'node:crypto';
import type { KubeObject, ResourceType } from '@colophon/store';
import { tableOf } from './table.ts';

export function json(body: unknown, code = 200): Response {
  return new Response(`${JSON.stringify(body)}\n`, { status: code, headers: { 'content-type': 'application/json' } });
}

/** A document that clients keep and ask for again (discovery, OpenAPI). */
export function cached(request: Request, body: string | Uint8Array<ArrayBuffer>, contentType: string): Response {
  const etag = `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"`;
  const headers = { 'content-type': contentType, etag, vary: 'Accept', 'cache-control': 'public' };
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
  return new Response(body, { headers });
}

/** How the client wants objects shown: as they are, or as a table. */
export interface Shown {
  one(object: KubeObject): Response;
  list(items: readonly KubeObject[], metadata: Record<string, unknown>): Response;
  event(object: KubeObject): object;
}

export function shownAs(request: Request, type: ResourceType, listKind: string, apiVersion: string): Shown {
  const accept = request.headers.get('accept') ?? '';
  if (!/as=Table/i.test(accept)) {
    return {
      one: (object) => json(object),
      list: (items, metadata) => json({ kind: listKind, apiVersion, metadata, items }),
      event: (object) => object,
    };
  }
  const includeObject = new URL(request.url).searchParams.get('includeObject') ?? 'Metadata';
  let headings = true;
  const table = (objects: readonly KubeObject[], metadata: Record<string, unknown>) => {
    const made = tableOf(type, objects, { metadata, includeObject, headings, now: Date.now() });
    headings = false;
    return made;
  };
  const version = ({ metadata }: KubeObject) => ({ resourceVersion: metadata.resourceVersion ?? '' });
  return {
    one: (object) => json(table([object], version(object))),
    list: (items, metadata) => json(table(items, metadata)),
    event: (object) => table(object.metadata.name === undefined ? [] : [object], version(object)),
  };
}
