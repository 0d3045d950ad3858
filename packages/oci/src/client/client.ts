import { createHash } from 'node:crypto';
import { digestOf, isDigest, parseDigest, parseJson, type Digest } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import {
  artifactTypeOf,
  manifestLimit,
  parseManifest,
  subjectOf,
  type AnyManifest,
  type Descriptor,
  type Index,
} from '../types/manifest.ts';
import { manifestTypes, mediaTypes } from '../types/media-types.ts';
import { createTransport, type RequestBody, type TransportOptions } from './transport.ts';

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
  readonly parsed: AnyManifest;
}

/** A blob to push: a function, since a try may have to be repeated. */
export type BlobSource = Uint8Array | (() => AsyncIterable<Uint8Array>);

/**
 * Talks to one registry (OCI distribution-spec 1.1). Everything that comes in is checked against its digest before the caller has it all; a manifest asked for
 * by tag is named by the digest that we computed, never by the registry's header. Pushes are idempotent: what is there is not sent again.
 */
export interface RegistryClient {
  readonly registry: string;
  /** The descriptor that a tag or digest names; undefined if there is none. */
  resolve(repository: string, reference: string): Promise<Descriptor | undefined>;
  manifest(repository: string, reference: string): Promise<FetchedManifest | undefined>;
  /** Streams a blob; fails at its end if size or digest do not fit. */
  blob(repository: string, descriptor: Pick<Descriptor, 'digest' | 'size'>): AsyncIterable<Uint8Array>;
  blobBytes(repository: string, descriptor: Pick<Descriptor, 'digest' | 'size'>, limit?: number): Promise<Buffer>;
  hasBlob(repository: string, digest: Digest): Promise<boolean>;
  pushBlob(
    repository: string,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    source: BlobSource,
    options?: { mountFrom?: string },
  ): Promise<void>;
  /** By digest, or by tag. With a `subject` and a registry without the referrers API, the fallback tag is kept too. */
  pushManifest(repository: string, reference: string, bytes: Uint8Array, mediaType: string): Promise<Digest>;
  /** The referrers API, else the fallback tag; artifactType is taken as told: open the manifest before believing it. */
  referrers(repository: string, digest: Digest): Promise<readonly Descriptor[]>;
  tags(repository: string): Promise<readonly string[]>;
}

const accept = manifestTypes.join(', ');

export function createRegistryClient(options: TransportOptions): RegistryClient {
  const send = createTransport(options);
  const { registry } = options;
  const fallbackLocks = new Map<string, Promise<unknown>>();

  async function fail(response: Response, what: string): Promise<never> {
    const body = (await response.text().catch(() => '')).slice(0, 65_536);
    let message = '';
    try {
      message =
        (parseJson(body) as { errors?: { code?: string; message?: string }[] }).errors
          ?.map((error) => `${error.code ?? ''} ${error.message ?? ''}`.trim())
          .join('; ') ?? '';
    } catch {
      // Not the specification's error body: the status says enough.
    }
    const text = `${registry}: ${what}: ${response.status}${message === '' ? '' : ` ${message.slice(0, 500)}`}`;
    if (response.status === 401) throw ociErrors.error('OCI_UNAUTHORIZED', text);
    if (response.status === 403) throw ociErrors.error('OCI_DENIED', text);
    if (response.status === 404) throw ociErrors.error('OCI_NOT_FOUND', text);
    throw ociErrors.error('OCI_REGISTRY_FAILED', text, { details: { status: response.status } });
  }

  async function manifest(repository: string, reference: string): Promise<FetchedManifest | undefined> {
    const response = await send({ method: 'GET', path: `/v2/${repository}/manifests/${reference}`, repository, headers: { accept } });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok) await fail(response, `manifest ${repository} ${reference}`);
    const bytes = await readLimited(response, manifestLimit);
    const digest = isDigest(reference) ? digestOf(bytes, parseDigest(reference).algorithm) : digestOf(bytes);
    if (isDigest(reference) && digest !== reference)
      throw ociErrors.error('OCI_CONTENT_MISMATCH', `${registry} answered ${repository}@${reference} with the content of ${digest}`);
    const parsed = parseManifest(bytes, response.headers.get('content-type')?.split(';')[0]?.trim());
    return { descriptor: { mediaType: parsed.mediaType, digest, size: bytes.length }, bytes, parsed };
  }

  async function* blob(repository: string, { digest, size }: Pick<Descriptor, 'digest' | 'size'>): AsyncIterable<Uint8Array> {
    const hash = createHash(parseDigest(digest).algorithm);
    let received = 0;
    for (let attempt = 1; attempt <= 5 && (attempt === 1 || received < size); attempt += 1) {
      const response = await send({
        method: 'GET',
        path: `/v2/${repository}/blobs/${digest}`,
        repository,
        headers: received === 0 ? {} : { range: `bytes=${received}-${size - 1}` },
      });
      if (!response.ok) await fail(response, `blob ${repository}@${digest}`);
      let skip = received > 0 && response.status !== 206 ? received : 0;
      try {
        for await (const whole of response.body ?? []) {
          const chunk = skip >= whole.length ? whole.subarray(whole.length) : whole.subarray(skip);
          skip = Math.max(0, skip - whole.length);
          received += chunk.length;
          if (received > size) throw ociErrors.error('OCI_CONTENT_MISMATCH', `${registry} sends more than the ${size} bytes of ${digest}`);
          hash.update(chunk);
          yield chunk;
        }
      } catch (error) {
        // A broken transfer goes on where it stopped; content that is wrong does not.
        if ((error as { code?: string }).code === 'OCI_CONTENT_MISMATCH' || attempt >= 5) throw error;
      }
    }
    const found = `${parseDigest(digest).algorithm}:${hash.digest('hex')}`;
    if (received !== size || found !== digest)
      throw ociErrors.error('OCI_CONTENT_MISMATCH', `${registry} answered ${digest} (${size} bytes) with ${received} bytes of ${found}`);
  }

  async function pushManifest(repository: string, reference: string, bytes: Uint8Array, mediaType: string): Promise<Digest> {
    const response = await send({
      method: 'PUT',
      path: `/v2/${repository}/manifests/${reference}`,
      repository,
      headers: { 'content-type': mediaType },
      body: () => new Uint8Array(bytes),
    });
    if (!response.ok) await fail(response, `push of ${repository} ${reference}`);
    await response.body?.cancel();
    const digest = isDigest(reference) ? reference : digestOf(bytes);
    const parsed = parseManifest(bytes, mediaType);
    const subject = subjectOf(parsed);
    if (subject !== undefined && response.headers.get('oci-subject') === null) {
      const own = parsed.kind === 'index' ? parsed.index.annotations : parsed.manifest.annotations;
      const artifactType = artifactTypeOf(parsed);
      await addToFallback(repository, subject.digest, {
        mediaType,
        digest,
        size: bytes.length,
        ...(artifactType === undefined ? {} : { artifactType }),
        ...(own === undefined || own === null ? {} : { annotations: own }),
      });
    }
    return digest;
  }

  /** The referrers tag schema: an index under `sha256-HEX`, read, changed and written one after another, and looked at again afterwards. */
  function addToFallback(repository: string, subject: Digest, descriptor: Descriptor): Promise<void> {
    const tag = subject.replace(':', '-');
    const key = `${repository}:${tag}`;
    const work = async () => {
      for (let attempt = 1; attempt <= 5; attempt += 1) {
        const current = await manifest(repository, tag);
        const listed = current?.parsed.kind === 'index' ? current.parsed.index.manifests : [];
        if (listed.some(({ digest }) => digest === descriptor.digest)) return;
        const index: Index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...listed, descriptor] };
        await pushManifest(repository, tag, Buffer.from(JSON.stringify(index)), mediaTypes.index);
      }
    };
    const result = (fallbackLocks.get(key) ?? Promise.resolve()).then(work, work);
    fallbackLocks.set(
      key,
      result.catch(() => {}),
    );
    return result;
  }

  async function hasBlob(repository: string, digest: Digest): Promise<boolean> {
    const response = await send({ method: 'HEAD', path: `/v2/${repository}/blobs/${digest}`, repository });
    if (response.status === 404) return false;
    if (!response.ok) await fail(response, `blob ${repository}@${digest}`);
    return true;
  }

  return {
    registry,
    manifest,
    blob,
    hasBlob,
    pushManifest,
    async resolve(repository, reference) {
      return (await manifest(repository, reference))?.descriptor;
    },
    async blobBytes(repository, descriptor, limit = 64 << 20) {
      if (descriptor.size > limit)
        throw ociErrors.error('OCI_TOO_LARGE', `${descriptor.digest} has ${descriptor.size} bytes; the limit is ${limit}`);
      const chunks: Uint8Array[] = [];
      for await (const chunk of blob(repository, descriptor)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    async pushBlob(repository, { digest, size }, source, { mountFrom } = {}) {
      if (await hasBlob(repository, digest)) return;
      const query = mountFrom === undefined ? '' : `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(mountFrom)}`;
      const started = await send({
        method: 'POST',
        path: `/v2/${repository}/blobs/uploads/${query}`,
        repository,
        headers: { 'content-length': '0' },
      });
      await started.body?.cancel();
      if (started.status === 201) return;
      const location = started.headers.get('location');
      if (started.status !== 202 || location === null) await fail(started, `upload to ${repository}`);
      const target = new URL(location as string, `http://${registry}`);
      target.searchParams.set('digest', digest);
      const path = /^https?:/.test(location as string) ? target.href : `${target.pathname}${target.search}`;
      const body = source instanceof Uint8Array ? () => new Uint8Array(source) : () => ReadableStream.from(source()) as RequestBody;
      const finished = await send({
        method: 'PUT',
        path,
        repository,
        headers: {
          'content-type': 'application/octet-stream',
          ...(source instanceof Uint8Array ? {} : { 'content-length': String(size) }),
        },
        body,
      });
      if (finished.status !== 201) await fail(finished, `upload of ${digest} to ${repository}`);
      await finished.body?.cancel();
    },
    async referrers(repository, digest) {
      const response = await send({
        method: 'GET',
        path: `/v2/${repository}/referrers/${digest}`,
        repository,
        headers: { accept: mediaTypes.index },
      });
      if (response.ok && (response.headers.get('content-type') ?? '').startsWith(mediaTypes.index)) {
        const parsed = parseManifest(await readLimited(response, manifestLimit), mediaTypes.index);
        return parsed.kind === 'index' ? parsed.index.manifests : [];
      }
      await response.body?.cancel();
      if (response.status === 401 || response.status === 403) await fail(response, `referrers of ${repository}@${digest}`);
      const fallback = await manifest(repository, digest.replace(':', '-'));
      return fallback?.parsed.kind === 'index' ? fallback.parsed.index.manifests : [];
    },
    async tags(repository) {
      const all: string[] = [];
      let path: string | undefined = `/v2/${repository}/tags/list`;
      while (path !== undefined && all.length < 1_000_000) {
        const response: Response = await send({ method: 'GET', path, repository });
        if (response.status === 404) return all;
        if (!response.ok) await fail(response, `tags of ${repository}`);
        const page = parseJson(await readLimited(response, manifestLimit), 'the tags') as { tags?: string[] | null };
        all.push(...(page.tags ?? []));
        path = /<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];
      }
      return all;
    },
  };
}

async function readLimited(response: Response, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > limit) throw ociErrors.error('OCI_TOO_LARGE', `the registry sends more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
