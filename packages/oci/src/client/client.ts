import { digestOf, isDigest, parseDigest, parseJson, type Digest } from '@colophon/core';
import { collectContent } from '../content/checked.ts';
import { readLimited, streamChunks } from '../content/stream.ts';
import { ociErrors } from '../errors.ts';
import type { ContentDescriptor, Descriptor } from '../types/descriptor.ts';
import { manifestLimit, parseManifest, referrerDescriptor, subjectOf } from '../types/manifest.ts';
import { mediaTypes } from '../types/media-types.ts';
import { discard, failure } from './failure.ts';
import { nextPage } from './pages.ts';
import { fetchBlob, fetchManifest, type FetchedManifest } from './pull.ts';
import { hasBlob, pushBlob, type BlobSource, type PushBlobOptions, type Pushed } from './push.ts';
import { createReferrers } from './referrers.ts';
import { createTransport, type TransportOptions } from './transport.ts';

export interface PushManifestOptions {
  /** With a tag: push only if it points there now (undefined: only if there is no such tag). OCI_TAG_MOVED otherwise. */
  readonly expected?: { readonly digest: Digest | undefined };
}

/**
 * Talks to one registry (OCI distribution-spec 1.1). Everything that comes in is checked against its digest before the caller has it all; a manifest asked
 * for by tag is named by the digest that we computed, never by the registry's header. Pushes are idempotent: what is there is not sent again.
 */
export interface RegistryClient {
  readonly registry: string;
  /** The descriptor that a tag or digest names; undefined if there is none. */
  resolve(repository: string, reference: string): Promise<Descriptor | undefined>;
  manifest(repository: string, reference: string): Promise<FetchedManifest | undefined>;
  /** Streams a blob; fails at its end if size or digest do not fit. */
  blob(repository: string, descriptor: ContentDescriptor): AsyncIterable<Uint8Array>;
  /** Default limit 64 MiB. */
  blobBytes(repository: string, descriptor: ContentDescriptor, limit?: number): Promise<Buffer>;
  hasBlob(repository: string, digest: Digest): Promise<boolean>;
  pushBlob(repository: string, descriptor: ContentDescriptor, source: BlobSource, options?: PushBlobOptions): Promise<Pushed>;
  /** Gives a repository a blob of another; false if the registry would not: push it then. */
  mount(repository: string, digest: Digest, from: string): Promise<boolean>;
  /**
   * By digest, or by tag. With a `subject` and a registry without the referrers API, the fallback tag is kept too. `expected` is exact on our own
   * registry (If-Match); elsewhere it is checked before and after, and two writers at the same instant may both believe that they won.
   */
  pushManifest(repository: string, reference: string, bytes: Uint8Array, mediaType: string, options?: PushManifestOptions): Promise<Digest>;
  /** By digest; with its entry in the fallback tag. False if it was not there. */
  deleteManifest(repository: string, digest: Digest): Promise<boolean>;
  /** The referrers API, else the fallback tag; all of them: what a descriptor says of its artifactType is often wrong, so open each manifest. */
  referrers(repository: string, digest: Digest): Promise<readonly Descriptor[]>;
  /** None if there is no such repository. */
  tags(repository: string): Promise<readonly string[]>;
}

export function createRegistryClient(options: TransportOptions): RegistryClient {
  const transport = createTransport(options);
  const { host } = transport.base;
  const { registry } = options;
  const referrers = createReferrers(transport, (repository, tag, bytes) => pushManifest(repository, tag, bytes, mediaTypes.index));

  async function checkTag(repository: string, tag: string, wanted: Digest | undefined): Promise<void> {
    const found = (await fetchManifest(transport, repository, tag))?.descriptor.digest;
    if (found !== wanted) throw ociErrors.error('OCI_TAG_MOVED', `${host}/${repository}:${tag} is not where it was`);
  }

  async function pushManifest(
    repository: string,
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    { expected }: PushManifestOptions = {},
  ): Promise<Digest> {
    const parsed = parseManifest(bytes, mediaType);
    const digest = digestOf(bytes, isDigest(reference) ? parseDigest(reference).algorithm : 'sha256');
    if (isDigest(reference) && digest !== reference)
      throw ociErrors.error('OCI_CONTENT_MISMATCH', `the manifest to be pushed as ${reference} is ${digest}`);
    if (expected !== undefined) await checkTag(repository, reference, expected.digest);
    const condition =
      expected === undefined ? {} : expected.digest === undefined ? { 'if-none-match': '*' } : { 'if-match': `"${expected.digest}"` };
    const response = await transport.send({
      method: 'PUT',
      path: `/v2/${repository}/manifests/${reference}`,
      repository,
      headers: { 'content-type': mediaType, ...condition },
      body: () => new Uint8Array(bytes),
    });
    if (response.status === 412 && expected !== undefined) {
      await discard(response);
      throw ociErrors.error('OCI_TAG_MOVED', `${host}/${repository}:${reference} is not where it was`);
    }
    if (response.status !== 201 && response.status !== 200) throw await failure(response, host, `push of ${repository} ${reference}`);
    await discard(response);
    if (expected !== undefined) await checkTag(repository, reference, digest);
    const subject = subjectOf(parsed);
    if (subject !== undefined && response.headers.get('oci-subject') === null)
      await referrers.addToTag(repository, subject.digest, referrerDescriptor(parsed, digest, bytes.length));
    return digest;
  }

  return {
    registry,
    manifest: (repository, reference) => fetchManifest(transport, repository, reference),
    resolve: async (repository, reference) => (await fetchManifest(transport, repository, reference))?.descriptor,
    blob: (repository, descriptor) => fetchBlob(transport, repository, descriptor),
    blobBytes: (repository, descriptor, limit = 64 << 20) =>
      collectContent(fetchBlob(transport, repository, descriptor), descriptor, limit),
    hasBlob: (repository, digest) => hasBlob(transport, repository, { digest }),
    pushBlob: (repository, descriptor, source, pushOptions) => pushBlob(transport, repository, descriptor, source, pushOptions),
    async mount(repository, digest, from) {
      const query = new URLSearchParams({ mount: digest, from }).toString();
      const path = `/v2/${repository}/blobs/uploads/?${query}`;
      const response = await transport.send({ method: 'POST', path, repository, alsoPull: [from], headers: { 'content-length': '0' } });
      if (response.status !== 201 && response.status !== 202) throw await failure(response, host, `mount of ${digest} to ${repository}`);
      await discard(response);
      const upload = response.headers.get('location');
      // The registry began an upload instead: it is not wanted.
      if (response.status === 202 && upload !== null)
        await transport.send({ method: 'DELETE', path: upload, repository, retry: false }).then(discard, () => {});
      return response.status === 201;
    },
    pushManifest,
    async deleteManifest(repository, digest) {
      const found = await fetchManifest(transport, repository, digest);
      const response = await transport.send({ method: 'DELETE', path: `/v2/${repository}/manifests/${digest}`, repository });
      if (response.status !== 202 && response.status !== 200 && response.status !== 404)
        throw await failure(response, host, `removal of ${repository}@${digest}`);
      await discard(response);
      const subject = found === undefined ? undefined : subjectOf(found.parsed);
      if (subject !== undefined) await referrers.removeFromTag(repository, subject.digest, digest);
      return response.status !== 404;
    },
    referrers: referrers.list,
    async tags(repository) {
      const all: string[] = [];
      let path: string | undefined = `/v2/${repository}/tags/list`;
      for (let page = 0; path !== undefined; page += 1) {
        if (page >= 10_000) throw ociErrors.error('OCI_REGISTRY_FAILED', `${host} lists tags without end`);
        const response: Response = await transport.send({ method: 'GET', path, repository });
        if (response.status === 404) {
          await discard(response);
          return all;
        }
        if (response.status !== 200) throw await failure(response, host, `tags of ${repository}`);
        const bytes = await readLimited(streamChunks(response.body, transport.idle), manifestLimit, 'the list of tags');
        const { tags } = (parseJson(bytes, 'the list of tags') ?? {}) as { tags?: unknown };
        if (Array.isArray(tags)) all.push(...tags.filter((tag) => typeof tag === 'string'));
        path = nextPage(response, transport.base);
      }
      return all;
    },
  };
}
