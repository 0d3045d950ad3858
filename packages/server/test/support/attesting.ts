import { pino } from 'pino';
import type { Digest } from '@colophon/core';
import { openLog, type Log } from '@colophon/log';
import { createRegistry, registryMigrations, type Registry } from '@colophon/oci';
import { loadPublicKey, logSigner, openSigner, parseLegacyManifest, type BlobDescriptor, type SignerClient } from '@colophon/sign';
import { openBlobStore, openDatabase, openObjectStore, type BlobStore, type KubeObject, type ObjectStore } from '@colophon/store';
import type { AttestorOptions, Unsigned } from '../../src/attestor/attestor.ts';
import type { BuildStatus } from '../../src/attestor/build-status.ts';
import { createRegistries } from '../../src/collaborators/registries.ts';
import { openDataDirectory, resources } from '../../src/index.ts';
import { hashedrekord, pushImage } from '../support-data.ts';

export const host = 'registry.example';

/** Something that may fail: before it is done, or after, when only its answer is lost. `call` tells calls apart, and grows. */
export type Fault = (operation: string, moment: 'before' | 'after', call: number) => void | Promise<void>;

/** The attestor's real surroundings in this process: store, signer, log, registry; with a place where each can be made to fail. */
export interface AttestingHouse {
  readonly store: ObjectStore;
  readonly blobs: BlobStore;
  readonly registry: Registry;
  readonly log: Log;
  readonly signer: SignerClient;
  readonly options: AttestorOptions;
  fault: Fault;
  /** An image in the registry. */
  image(repository: string, layer?: string): Promise<Image>;
  /** A finished run that produced images; `text` tells it from others. */
  build(name: string, images: readonly Image[], text?: string): Promise<KubeObject>;
  status(name: string): Promise<BuildStatus | undefined>;
  /** Layers of the tag `sha256-….att` or `.sig`. */
  layers(image: Image, kind: 'att' | 'sig'): Promise<BlobDescriptor[]>;
  /** Bundles beside the image. */
  bundles(image: Image): Promise<number>;
  /** Somebody else's entry, after which every proof is another one. */
  grow(): Promise<void>;
  close(): Promise<void>;
}

export interface Image {
  readonly repository: string;
  readonly path: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
}

export async function attestingHouse(root: string, changes: Partial<AttestorOptions> = {}): Promise<AttestingHouse> {
  const directory = await openDataDirectory(root);
  const signer = await openSigner({ keysDirectory: directory.keys, password: 'test' });
  const blobs = await openBlobStore(directory.blobs);
  const store = await openObjectStore(directory.objects);
  const database = await openDatabase(directory.registry, { migrations: registryMigrations });
  const registry = createRegistry({ blobs, database });
  const log = await openLog({ directory: directory.log, signer: await logSigner(signer), hostname: 'log.example', blobs, workers: 1 });
  const { provenance } = await signer.publicKeys();
  const registries = createRegistries(registry, () => new URL(`http://${host}`));

  let calls = 0;
  /** Every method of `target` can fail, before and after. */
  const failing = <Target extends object>(name: string, target: Target, methods: readonly (keyof Target & string)[]): Target =>
    new Proxy(target, {
      get(inner, key) {
        const value: unknown = Reflect.get(inner, key, inner);
        if (typeof value !== 'function') return value;
        if (!methods.includes(key as keyof Target & string)) return value.bind(inner) as unknown;
        return async (...given: unknown[]) => {
          const call = (calls += 1);
          await house.fault(`${name}.${String(key)}`, 'before', call);
          const result: unknown = await (value as (...all: unknown[]) => unknown).apply(inner, given);
          await house.fault(`${name}.${String(key)}`, 'after', call);
          return result;
        };
      },
    });

  const house: AttestingHouse = {
    store,
    blobs,
    registry,
    log,
    signer,
    fault: () => {},
    options: {
      store: failing('store', store, ['patch']),
      blobs: failing('blobs', blobs, ['put', 'bytes']),
      signer: failing('signer', signer, ['signStatement', 'signSimpleSigning']),
      key: { publicKey: provenance, hint: loadPublicKey(provenance).hint },
      log: failing('log', { append: (entry: unknown) => log.append(entry) }, ['append']),
      images: (repository) => {
        const found = registries.imageStore(repository);
        return { path: found.path, store: failing('registry', found.store, ['putBlob', 'putManifest', 'getManifest']) };
      },
      storage: ['legacy', 'referrers'],
      unsigned: async (record) => unsignedOf(record as unknown as { text: string; images: Image[] }),
      logger: pino({ level: 'silent' }),
      ...changes,
    },
    async image(path, layer = path) {
      const digest = (await pushImage(registry, path, 'latest', layer)) as Digest;
      const { mediaType, size } = (await registry.statManifest(path, digest)) as { mediaType: string; size: number };
      return { repository: `${host}/${path}`, path, digest, mediaType, size };
    },
    build: (name, images, text = name) =>
      store.create(resources.builds, {
        apiVersion: 'colophon.dev/v1',
        kind: 'Build',
        metadata: { name, namespace: 'default' },
        spec: { text, images },
      }),
    status: async (name) => (await store.get(resources.builds, 'default', name))?.status,
    async layers({ path, digest }, kind) {
      const found = await registry.getManifest(path, `${digest.replace(':', '-')}.${kind}`);
      return found === undefined ? [] : parseLegacyManifest(found.bytes);
    },
    bundles: async ({ path, digest }) => (await registry.referrers(path, digest)).manifests.length,
    async grow() {
      await log.append(hashedrekord(`somebody else ${log.head.size}`));
    },
    async close() {
      await log.close();
      await database.close();
      await store.close();
    },
  };
  return house;
}

/** As a run has it: one statement about all images, and a signature of each. */
function unsignedOf({ text, images }: { text: string; images: readonly Image[] }): Unsigned[] {
  if (images.length === 0) return [];
  const attested = images.map(({ repository, digest, mediaType, size }) => ({ repository, digest, mediaType, size }));
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: images.map(({ repository, digest }) => ({ name: repository, digest: { sha256: digest.slice('sha256:'.length) } })),
    predicateType: 'https://example.org/made/v1',
    predicate: { text },
  } as const;
  return [
    { kind: 'statement', name: 'provenance', statement, images: attested },
    ...attested.map((image): Unsigned => ({ kind: 'simplesigning', name: `signature ${image.repository}`, images: [image] })),
  ];
}
