import type { Logger } from 'pino';
import type { BlobStore, KubeObject, ObjectStore } from '@colophon/store';
import { parseJson, toErrorRecord } from '@colophon/core';
import type { InTotoStatement } from '@colophon/attest';
import type { BuildRecord } from '@colophon/runner';
import {
  bundleBytes,
  bundleManifest,
  envelopeBytes,
  legacyAttestationLayer,
  legacySignatureLayer,
  legacyTag,
  parseEnvelope,
  type Blob,
  type Envelope,
  type RekorBundle,
  type SignerClient,
} from '@colophon/sign';
import type { BootstrapRecord } from '../bootstrap/step-images.ts';
import { resources } from '../resources.ts';
import type { AttestedImage, BuildStatus, SignedItem } from './build-status.ts';
import { pending } from './build-status.ts';
import type { FindImageStore } from './image-store.ts';
import { hashedRekordEntry, intotoEntry, tlogEntry, type AcceptedEntry, type LogClient, type ProposedEntry } from './log-client.ts';
import { publishLegacy, publishReferrer } from './publish.ts';
import { createRetryQueue, type RetryQueue } from './queue.ts';

/** Something to sign, made from a record alone: the same record gives the same list. */
export type Unsigned =
  | {
      readonly kind: 'statement';
      readonly name: string;
      readonly statement: InTotoStatement;
      readonly images: SignedItem['images'];
    }
  | { readonly kind: 'simplesigning'; readonly name: string; readonly images: SignedItem['images'] };

export interface AttestorOptions {
  readonly store: ObjectStore;
  readonly blobs: BlobStore;
  readonly signer: SignerClient;
  /** PEM of the key that signs statements, and the hint that bundles carry. */
  readonly key: { readonly publicKey: string; readonly hint: string };
  readonly log: LogClient;
  readonly images: FindImageStore;
  readonly storage: readonly ('legacy' | 'referrers')[];
  readonly unsigned: (record: BuildRecord | BootstrapRecord) => Promise<readonly Unsigned[]>;
  readonly logger: Logger;
  /** Builds worked on at a time: they mostly wait for the disk, together. */
  readonly parallel?: number;
}

export interface Attestor {
  readonly queue: Pick<RetryQueue<unknown>, 'idle' | 'size'>;
  stop(): Promise<void>;
}

/**
 * Sees finished builds and attests them without anyone asking: statements → signed → durable here → logged → stored beside the image. Each
 * step looks first whether it was done, so that a crash at any point is followed by the same code from the beginning.
 */
export async function startAttestor(options: AttestorOptions): Promise<Attestor> {
  const { store, logger } = options;
  const stopping = new AbortController();
  const queue = createRetryQueue<{ namespace: string; name: string }>({
    parallel: options.parallel ?? 64,
    work: async ({ namespace, name }) => {
      const build = await store.get(resources.builds, namespace, name);
      if (build !== undefined) await attestBuild(build, options);
    },
    onFailure: ({ name }, error, attempt) =>
      logger.warn({ build: name, attempt, error: toErrorRecord(error) }, 'a build is not attested yet'),
  });
  const take = (build: KubeObject) => {
    const { namespace, name } = build.metadata;
    if ((build.status as BuildStatus | undefined)?.phase === 'Complete' || namespace === undefined || name === undefined) return;
    if ((build.spec as Partial<BuildRecord>).parent === undefined) queue.add(name, { namespace, name });
  };

  const { items, resourceVersion } = await store.list(resources.builds);
  for (const build of items) take(build);
  const watching = watch(store, resourceVersion, stopping.signal, take, logger);
  return {
    queue,
    async stop() {
      stopping.abort();
      await Promise.all([watching, queue.stop()]);
    },
  };
}

async function watch(
  store: ObjectStore,
  from: string,
  signal: AbortSignal,
  take: (build: KubeObject) => void,
  logger: Logger,
): Promise<void> {
  let resourceVersion = from;
  while (!signal.aborted) {
    try {
      for await (const event of store.watch(resources.builds, undefined, { resourceVersion, signal })) {
        resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
        // Our own status writes come back as MODIFIED: only new builds are work.
        if (event.type === 'ADDED') take(event.object);
      }
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ error: toErrorRecord(error) }, 'the watch of builds is begun again');
      const list = await store.list(resources.builds);
      resourceVersion = list.resourceVersion;
      for (const build of list.items) take(build);
    }
  }
}

export async function attestBuild(build: KubeObject, options: AttestorOptions): Promise<void> {
  const record = build.spec as BuildRecord | BootstrapRecord;
  let status = (build.status as BuildStatus | undefined) ?? pending;
  if (status.phase === 'Pending') {
    const items = await Promise.all((await options.unsigned(record)).map((item) => signItem(item, options)));
    status = {
      phase: items.length === 0 ? 'Complete' : 'Signed',
      items,
      ...(items.length === 0 ? { message: 'the run produced no images: nothing to attest' } : {}),
    };
    await writeStatus(build, status, options.store);
    if (status.phase === 'Complete') return;
  }
  let { items } = status;
  const read = signedReader(options);
  if (items.some(({ logged }) => logged === undefined)) {
    items = await Promise.all(items.map((item) => logItem(item, read, options)));
    // A log answers the same entry with the proof of its latest tree: written down, so that a repetition stores the same bytes.
    await writeStatus(build, { phase: 'Signed', items }, options.store);
  }
  const full = await storeItems(
    items.filter(({ stored }) => stored !== true),
    read,
    options,
  );
  items = items.map((item) => ({ ...item, stored: true }));
  const message = full.length === 0 ? {} : { message: `as full as a tag may be, and left as it is: ${full.join(', ')}` };
  await writeStatus(build, { phase: 'Complete', items, ...message }, options.store);
}

async function writeStatus(build: KubeObject, status: BuildStatus, store: ObjectStore): Promise<void> {
  const { namespace, name } = build.metadata;
  await store.patch(resources.builds, namespace, name as string, { status }, 'merge', { subresource: 'status' });
}

async function signItem(item: Unsigned, { signer, blobs }: AttestorOptions): Promise<SignedItem> {
  if (item.kind === 'statement') {
    const envelope = await signer.signStatement(item.statement);
    // The bytes of the `.att` layer too: there they are found, and not written again.
    const { digest } = await blobs.put(envelopeBytes(envelope));
    return { name: item.name, kind: 'statement', predicateType: item.statement.predicateType, signed: digest, images: item.images };
  }
  const [image] = item.images;
  if (image === undefined) throw new TypeError('a simple signature is of one image');
  const { payload, signature } = await signer.signSimpleSigning({ digest: image.digest, reference: image.repository });
  const { digest } = await blobs.put(Buffer.from(JSON.stringify({ payload: Buffer.from(payload).toString('base64'), signature })));
  return { name: item.name, kind: 'simplesigning', predicateType: '', signed: digest, images: item.images };
}

interface SignedPayload {
  readonly payload: string;
  readonly signature: string;
}

/** What was signed, read back and parsed. */
type Signed = { readonly proposed: ProposedEntry } & (
  | { readonly kind: 'statement'; readonly envelope: Envelope }
  | { readonly kind: 'simplesigning'; readonly payload: Buffer; readonly signature: string }
);

type ReadSigned = (item: SignedItem) => Promise<Signed>;

/** Each is read once for a build, however often it is wanted. */
function signedReader({ blobs, key }: AttestorOptions): ReadSigned {
  const known = new Map<string, Promise<Signed>>();
  async function read({ kind, signed }: SignedItem): Promise<Signed> {
    const bytes = await blobs.bytes(signed);
    if (kind === 'statement') {
      const envelope = parseEnvelope(bytes);
      return { kind, envelope, proposed: intotoEntry(envelope, key.publicKey) };
    }
    const { payload: text, signature } = parseJson(bytes) as SignedPayload;
    const payload = Buffer.from(text, 'base64');
    return { kind, payload, signature, proposed: hashedRekordEntry(payload, signature, key.publicKey) };
  }
  return (item) => {
    const found = known.get(item.signed) ?? read(item);
    known.set(item.signed, found);
    return found;
  };
}

async function logItem(item: SignedItem, read: ReadSigned, options: AttestorOptions): Promise<SignedItem> {
  if (item.logged !== undefined) return item;
  const accepted = await options.log.append((await read(item)).proposed);
  const { digest } = await options.blobs.put(Buffer.from(JSON.stringify(accepted)));
  return { ...item, logged: digest, logIndex: accepted.entry.logIndex, uuid: accepted.uuid };
}

/** Beside every image: what belongs under one tag goes there together, so that the tag moves once. Gives the tags that were full. */
async function storeItems(items: readonly SignedItem[], read: ReadSigned, options: AttestorOptions): Promise<string[]> {
  const { blobs, storage } = options;
  const tags = new Map<string, { readonly image: AttestedImage; readonly kind: 'att' | 'sig'; readonly layers: Blob[] }>();
  for (const item of items) {
    const signed = await read(item);
    const accepted = parseJson(await blobs.bytes(item.logged as NonNullable<SignedItem['logged']>)) as AcceptedEntry;
    const kind = signed.kind === 'statement' ? 'att' : 'sig';
    for (const image of item.images) {
      const name = `${kind} ${image.repository}@${image.digest}`;
      const tag = tags.get(name) ?? { image, kind, layers: [] };
      tags.set(name, tag);
      tag.layers.push(legacyLayer(item, signed, accepted));
      // cosign 3 signs images with a statement of its own predicate, never with a simple signing payload.
      if (signed.kind === 'statement' && storage.includes('referrers')) await storeBundle(item, image, signed, accepted, options);
    }
  }
  const full: string[] = [];
  if (!storage.includes('legacy')) return full;
  for (const { image, kind, layers } of tags.values()) {
    const { store, path } = options.images(image.repository);
    if (!(await publishLegacy(store, path, image.digest, kind, layers))) full.push(`${image.repository}:${legacyTag(image.digest, kind)}`);
  }
  return full;
}

async function storeBundle(
  { predicateType }: SignedItem,
  image: AttestedImage,
  { envelope, proposed }: Signed & { readonly kind: 'statement' },
  accepted: AcceptedEntry,
  { images, key }: AttestorOptions,
): Promise<void> {
  const { store, path } = images(image.repository);
  const bundle = bundleBytes({
    key: { kind: 'publicKey', hint: key.hint },
    content: { kind: 'dsse', envelope },
    tlogEntries: [tlogEntry(proposed, accepted)],
  });
  const created = new Date(accepted.entry.integratedTime * 1000).toISOString();
  await publishReferrer(store, path, bundleManifest(image, bundle, { predicateType, created }));
}

function legacyLayer({ predicateType }: SignedItem, signed: Signed, { entry }: AcceptedEntry): Blob {
  const { body, integratedTime, logID, logIndex } = entry;
  const rekorBundle: RekorBundle = {
    signedEntryTimestamp: entry.verification.signedEntryTimestamp,
    payload: { body, integratedTime, logID, logIndex },
  };
  if (signed.kind === 'statement') return legacyAttestationLayer(signed.envelope, predicateType, { rekorBundle });
  return legacySignatureLayer(signed.payload, signed.signature, { rekorBundle });
}
