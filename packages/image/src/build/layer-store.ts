import { availableParallelism } from 'node:os';
import { mediaTypes, type Descriptor, type LayoutWriter } from '@colophon/oci';
import { coreErrors } from '@colophon/core';
import { gzipMember } from '../encoder/encoder.ts';
import { layerRecord, type LayerRecord } from '../layer/record.ts';
import type { Entry } from '../tar/entry.ts';
import { writeTar } from '../tar/writer.ts';
import type { Layer, LayerCache } from '../work/cache.ts';
import { packageKey, type FilesJob, type WantedPackage } from '../work/job.ts';
import type { LayerPool } from '../work/pool.ts';

const cores = availableParallelism();

export interface BuildProgress {
  readonly kind: 'layer';
  /** `libc6 2.41-12`, or the path of local files. */
  readonly name: string;
  /** Taken from the cache, or made now. */
  readonly cached: boolean;
}

/** Gets layers made, or from the cache, and puts their bytes into the output layout. */
export interface LayerStore {
  /** Begins with packages that will be asked for, so that those of a variant need not wait for what the variants share. */
  begin(jobs: readonly WantedPackage[]): Promise<void>;
  packages(jobs: readonly WantedPackage[]): Promise<LayerRecord[]>;
  files(jobs: readonly FilesJob[]): Promise<LayerRecord[]>;
  /** A small layer of generated entries, made here and now. */
  generated(entries: readonly Entry[]): Promise<LayerRecord>;
  /** The compressed bytes of a layer that came from here. */
  blob(layer: { readonly digest: string }): Promise<Buffer>;
}

export function createLayerStore(
  cache: LayerCache,
  pool: LayerPool,
  output: LayoutWriter,
  onProgress?: (event: BuildProgress) => void,
): LayerStore {
  const written = new Set<string>();
  const keys = new Map<string, string>();
  const begun = new Map<string, Promise<Layer | undefined>>();
  const making = new Map<string, Promise<LayerRecord>>();
  const small = new Map<string, Buffer>();
  const keep = async (record: LayerRecord, blob: Buffer, key?: string): Promise<LayerRecord> => {
    if (!written.has(record.digest)) await output.putBlob(blob, mediaTypes.layerGzip, record.digest);
    written.add(record.digest);
    if (key === undefined) small.set(record.digest, blob);
    else keys.set(record.digest, key);
    return record;
  };
  const fromCache = async (key: string): Promise<Layer> => {
    const found = await cache.get(key);
    if (found === undefined) throw coreErrors.error('CORE_INTERNAL', 'a layer that was just made is not in the layer cache');
    return found;
  };
  /** The largest first: no core waits long for the last one. A file that is still being fetched lets the others pass. */
  const make = (jobs: readonly WantedPackage[]): void => {
    const fresh = jobs.filter((job) => !making.has(packageKey(job))).sort((left, right) => right.size - left.size);
    const total = fresh.reduce((sum, { size }) => sum + size, 0);
    pool.expect(fresh.length);
    for (const job of fresh) {
      // A layer with more than its core's share of the work would be finished last, and alone.
      const helpers = job.size * cores > total ? cores - 1 : 0;
      const made = (async () => {
        const { key } = await pool.run({ ...job, deb: await job.deb(), helpers });
        onProgress?.({ kind: 'layer', name: packageLabel(job), cached: false });
        const { record, blob } = await fromCache(key);
        return keep(record, blob, key);
      })();
      // Whoever asks for the layer hears of it; a build that ends before need not.
      made.catch(() => {});
      making.set(packageKey(job), made);
    }
  };
  return {
    async begin(jobs) {
      const found = jobs.map((job) => cache.get(packageKey(job)));
      for (const [index, job] of jobs.entries()) begun.set(packageKey(job), found[index] as Promise<Layer | undefined>);
      const layers = await Promise.all(found);
      make(jobs.filter((_, index) => layers[index] === undefined));
    },
    async packages(jobs) {
      const records = await Promise.all(
        jobs.map(async (job) => {
          const key = packageKey(job);
          const found = await (begun.get(key) ?? cache.get(key));
          begun.delete(key);
          if (found === undefined) return undefined;
          onProgress?.({ kind: 'layer', name: packageLabel(job), cached: true });
          return keep(found.record, found.blob, key);
        }),
      );
      const missing = jobs.filter((_, index) => records[index] === undefined);
      make(missing);
      await Promise.all(missing.map(async (job) => (records[jobs.indexOf(job)] = await making.get(packageKey(job)))));
      return records as LayerRecord[];
    },
    async files(jobs) {
      const made = await Promise.all(
        jobs.map(async (job) => {
          const result = await pool.run(job);
          onProgress?.({ kind: 'layer', name: job.files.source, cached: false });
          return result;
        }),
      );
      const records: LayerRecord[] = [];
      for (const { key } of made) {
        const { record, blob } = await fromCache(key);
        records.push(await keep(record, blob, key));
      }
      return records;
    },
    async generated(entries) {
      const tar = writeTar(entries);
      const blob = gzipMember(tar);
      return keep(layerRecord(entries, tar, blob), blob);
    },
    async blob({ digest }) {
      const key = keys.get(digest);
      return key === undefined ? (small.get(digest) as Buffer) : (await fromCache(key)).blob;
    },
  };
}

function packageLabel(job: WantedPackage): string {
  return `${job.expected.name} ${job.expected.version}`;
}

export function layerDescriptor(record: { readonly digest: Descriptor['digest']; readonly size: number }): Descriptor {
  return { mediaType: mediaTypes.layerGzip, digest: record.digest, size: record.size };
}
