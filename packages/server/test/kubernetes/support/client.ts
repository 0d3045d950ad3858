import type { TestServer } from './server.ts';

export interface Reply {
  readonly code: number;
  readonly headers: Headers;
  readonly body: any;
}

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
  readonly token?: string;
  readonly headers?: Record<string, string>;
}

/** Asks the server as `admin`, unless another token is given. Bytes and text are sent as they are, anything else as JSON. */
export async function ask(server: TestServer, path: string, asked: Asked = {}): Promise<Reply> {
  const { body, type = 'application/json', token = 'admin' } = asked;
  const response = await fetch(`${server.url}${path}`, {
    method: asked.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      accept: asked.accept ?? 'application/json',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': type }),
      ...asked.headers,
    },
    ...(body === undefined
      ? {}
      : { body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').startsWith('application/json');
  return { code: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text };
}

/** A watch as it comes: `next` gives the next event. */
export async function watch(server: TestServer, path: string, accept = 'application/json') {
  const controller = new AbortController();
  const response = await fetch(`${server.url}${path}`, {
    headers: { accept, authorization: 'Bearer admin' },
    signal: controller.signal,
  });
  const lines = (async function* () {
    let rest = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      yield* parts;
    }
  })();
  return {
    response,
    async next(): Promise<{ type: string; object: any } | undefined> {
      const { done, value } = await lines.next();
      return done === true ? undefined : (JSON.parse(value) as { type: string; object: any });
    },
    close: () => controller.abort(),
  };
}

export const runs = '/apis/tekton.dev/v1/namespaces/default/taskruns';
export const maps = '/api/v1/namespaces/default/configmaps';

export function taskRun(name: string, metadata: object = {}): object {
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name, ...metadata },
    spec: { taskSpec: { steps: [{ name: 'greet', image: 'busybox', script: 'echo hello' }] } },
  };
}
