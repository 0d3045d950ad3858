import type { BenchServer } from './server.ts';

export interface Watched {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[];
  };
}

/** Follows a kind of object as a client does, over one HTTP response. */
export interface Ends {
  /** Resolves with the moment (performance.now) at which the object was seen at its end, rejects if it failed. */
  of(name: string): Promise<number>;
  close(): void;
}

/** `ended`: true at the object's good end, words at its bad one, undefined before. */
export async function watchEnds(server: BenchServer, path: string, ended: (object: Watched) => true | string | undefined): Promise<Ends> {
  const stopping = new AbortController();
  const chunks = await server.stream(`${path}?watch=true`, stopping.signal);
  const known = new Map<string, { at: number; end: true | string }>();
  const waiting = new Map<string, (known: { at: number; end: true | string }) => void>();
  let trouble: unknown;
  void (async () => {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of chunks) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { object } = JSON.parse(line) as { object: Watched };
        const end = ended(object);
        if (end === undefined || known.has(object.metadata.name)) continue;
        known.set(object.metadata.name, { at: performance.now(), end });
        waiting.get(object.metadata.name)?.({ at: performance.now(), end });
      }
    }
  })().catch((error: unknown) => (trouble = error));
  return {
    async of(name) {
      const found =
        known.get(name) ??
        (await within(60_000, name, new Promise<{ at: number; end: true | string }>((resolve) => waiting.set(name, resolve))));
      if (found.end !== true) throw new Error(`${name}: ${found.end}`);
      return found.at;
    },
    close: () => stopping.abort(),
  };

  async function within<Value>(milliseconds: number, name: string, promise: Promise<Value>): Promise<Value> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${name} did not end in ${milliseconds / 1000} s`, { cause: trouble })), milliseconds);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }
}

/** Tekton's Succeeded condition. */
export function succeeded({ status }: Watched): true | string | undefined {
  const condition = status?.conditions?.find(({ type }) => type === 'Succeeded');
  if (condition === undefined || condition.status === 'Unknown') return undefined;
  return condition.status === 'True' ? true : `${condition.reason}: ${condition.message}`;
}
