import type { Lookup } from '@colophon/pipeline';
import type { ObjectStore } from '@colophon/store';
import { configMapType, secretType } from './resources.ts';

export type FileData = ReadonlyMap<string, Buffer>;

/** ConfigMaps and Secrets of a namespace, read once each: what a run sees does not change under it. */
export class NamespaceData implements Lookup {
  readonly #configMaps = new Map<string, FileData | undefined>();
  readonly #secrets = new Map<string, FileData | undefined>();

  /** Reads everything that will be asked for. */
  static async read(
    store: ObjectStore,
    namespace: string,
    names: { configMaps: Iterable<string>; secrets: Iterable<string> },
  ): Promise<NamespaceData> {
    const data = new NamespaceData();
    for (const name of new Set(names.configMaps)) {
      const object = name === '' ? undefined : await store.get(configMapType, namespace, name);
      data.#configMaps.set(name, object === undefined ? undefined : merge(texts(object['data']), encoded(object['binaryData'])));
    }
    for (const name of new Set(names.secrets)) {
      const object = name === '' ? undefined : await store.get(secretType, namespace, name);
      data.#secrets.set(name, object === undefined ? undefined : merge(encoded(object['data']), texts(object['stringData'])));
    }
    return data;
  }

  configMap(name: string): Record<string, string> | undefined {
    return asText(this.#configMaps.get(name));
  }

  secret(name: string): Record<string, string> | undefined {
    return asText(this.#secrets.get(name));
  }

  configMapFiles(name: string): FileData | undefined {
    return this.#configMaps.get(name);
  }

  secretFiles(name: string): FileData | undefined {
    return this.#secrets.get(name);
  }
}

function texts(data: unknown): Map<string, Buffer> {
  return new Map(Object.entries((data ?? {}) as Record<string, string>).map(([key, value]) => [key, Buffer.from(value)]));
}

function encoded(data: unknown): Map<string, Buffer> {
  return new Map(Object.entries((data ?? {}) as Record<string, string>).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}

function merge(left: Map<string, Buffer>, right: Map<string, Buffer>): FileData {
  return new Map([...left, ...right]);
}

function asText(data: FileData | undefined): Record<string, string> | undefined {
  return data === undefined ? undefined : Object.fromEntries([...data].map(([key, value]) => [key, value.toString()]));
}
