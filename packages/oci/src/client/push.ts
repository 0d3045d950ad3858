import { errorCode, isColophonError } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import type { ContentDescriptor } from '../types/descriptor.ts';
import { discard, failure } from './failure.ts';
import { pieces } from './pieces.ts';
import type { RequestBody, Transport } from './transport.ts';

/** A blob to push: a function, since a try may have to be repeated. */
export type BlobSource = Uint8Array | (() => AsyncIterable<Uint8Array>);

export interface PushBlobOptions {
  /** Another repository of the registry that may have it. */
  readonly mountFrom?: string | undefined;
  /** Bytes of a chunk. Default: all at once, and 16 MiB chunks if that is too large for the registry. */
  readonly chunkSize?: number | undefined;
}

export type Pushed = 'present' | 'mounted' | 'pushed';

const fallbackChunk = 16 << 20;

export async function hasBlob(transport: Transport, repository: string, { digest }: Pick<ContentDescriptor, 'digest'>): Promise<boolean> {
  const response = await transport.send({ method: 'HEAD', path: `/v2/${repository}/blobs/${digest}`, repository });
  await discard(response);
  if (response.status === 404) return false;
  if (response.status !== 200) throw await failure(response, transport.base.host, `blob ${repository}@${digest}`);
  return true;
}

/** Pushes a blob unless it is there. Idempotent; an upload that breaks off is begun anew, a chunked one goes on where it stopped. */
export async function pushBlob(
  transport: Transport,
  repository: string,
  descriptor: ContentDescriptor,
  source: BlobSource,
  options: PushBlobOptions = {},
): Promise<Pushed> {
  if (await hasBlob(transport, repository, descriptor)) return 'present';
  let { chunkSize } = options;
  for (let attempt = 1; ; attempt += 1) {
    const upload = await startUpload(transport, repository, descriptor, attempt === 1 ? options.mountFrom : undefined);
    if (upload === undefined) return 'mounted';
    try {
      await (chunkSize === undefined
        ? atOnce(transport, repository, descriptor, source, upload.location)
        : inChunks(transport, repository, descriptor, source, { ...upload, chunkSize: Math.max(chunkSize, upload.minimum) }));
      return 'pushed';
    } catch (error) {
      const code = errorCode(error);
      const tooLarge = code === 'OCI_TOO_LARGE' && chunkSize === undefined && descriptor.size > fallbackChunk;
      if (tooLarge) chunkSize = fallbackChunk;
      else if (attempt >= 5 || (code !== 'OCI_UNREACHABLE' && code !== 'OCI_UPLOAD_LOST')) throw error;
      else await transport.pause(attempt);
    }
  }
}

interface Upload {
  readonly location: string;
  /** `OCI-Chunk-Min-Length`. */
  readonly minimum: number;
}

/** end-4a or end-11. Undefined: the blob was mounted. */
async function startUpload(
  transport: Transport,
  repository: string,
  { digest }: ContentDescriptor,
  mountFrom: string | undefined,
): Promise<Upload | undefined> {
  const query = mountFrom === undefined ? '' : `?${new URLSearchParams({ mount: digest, from: mountFrom }).toString()}`;
  const response = await transport.send({
    method: 'POST',
    path: `/v2/${repository}/blobs/uploads/${query}`,
    repository,
    ...(mountFrom === undefined ? {} : { alsoPull: [mountFrom] }),
    headers: { 'content-length': '0' },
  });
  if (response.status === 201 && mountFrom !== undefined) {
    await discard(response);
    return undefined;
  }
  if (response.status !== 202) throw await failure(response, transport.base.host, `upload to ${repository}`);
  await discard(response);
  return { location: locationOf(response, transport), minimum: Number(response.headers.get('oci-chunk-min-length') ?? 0) || 0 };
}

function locationOf(response: Response, transport: Transport, before = ''): string {
  const location = response.headers.get('location') ?? before;
  if (location === '' || !URL.canParse(location, transport.base.href))
    throw ociErrors.error('OCI_REGISTRY_FAILED', `${transport.base.host} does not say where to upload to`);
  return new URL(location, transport.base).href;
}

function closing(location: string, { digest }: ContentDescriptor): string {
  const url = new URL(location);
  url.searchParams.set('digest', digest);
  return url.href;
}

async function atOnce(
  transport: Transport,
  repository: string,
  descriptor: ContentDescriptor,
  source: BlobSource,
  location: string,
): Promise<void> {
  const { size } = descriptor;
  let broken: unknown;
  async function* watched(): AsyncIterable<Uint8Array> {
    try {
      yield* (source as () => AsyncIterable<Uint8Array>)();
    } catch (error) {
      broken = error;
      throw error;
    }
  }
  const body = source instanceof Uint8Array ? () => new Uint8Array(source) : () => ReadableStream.from(watched()) as RequestBody;
  const headers = {
    'content-type': 'application/octet-stream',
    ...(source instanceof Uint8Array ? {} : { 'content-length': String(size) }),
  };
  const request = { method: 'PUT', path: closing(location, descriptor), repository, headers, body, retry: false };
  const response = await transport.send(request).catch((error: unknown) => {
    // What failed may have been our own side: that is not the registry's to try again.
    throw broken ?? error;
  });
  await finished(response, transport, repository, descriptor);
}

async function finished(response: Response, transport: Transport, repository: string, { digest }: ContentDescriptor): Promise<void> {
  if (response.status === 404 || [502, 503, 504].includes(response.status)) {
    await discard(response);
    throw ociErrors.error('OCI_UPLOAD_LOST', `${transport.base.host} lost an upload to ${repository}: ${response.status}`);
  }
  if (response.status !== 201 && response.status !== 204)
    throw await failure(response, transport.base.host, `upload of ${digest} to ${repository}`);
  await discard(response);
}

/** end-5 for each chunk, then end-6. */
async function inChunks(
  transport: Transport,
  repository: string,
  descriptor: ContentDescriptor,
  source: BlobSource,
  { location: first, chunkSize }: Upload & { chunkSize: number },
): Promise<void> {
  let location = first;
  let sent = 0;
  for (let failures = 0; sent < descriptor.size;) {
    try {
      for await (const chunk of pieces(source, sent, chunkSize)) {
        const response = await transport.send({
          method: 'PATCH',
          path: location,
          repository,
          headers: { 'content-type': 'application/octet-stream', 'content-range': `${sent}-${sent + chunk.length - 1}` },
          body: () => new Uint8Array(chunk),
          retry: false,
        });
        if (response.status !== 202) throw await failure(response, transport.base.host, `chunk of ${descriptor.digest} to ${repository}`);
        await discard(response);
        location = locationOf(response, transport, location);
        sent += chunk.length;
        failures = 0;
      }
      if (sent < descriptor.size)
        throw ociErrors.error('OCI_CONTENT_MISMATCH', `the source of ${descriptor.digest} ends at ${sent} of ${descriptor.size} bytes`);
    } catch (error) {
      failures += 1;
      if (failures >= 5 || !mayResume(error)) throw error;
      await transport.pause(failures);
      ({ location, sent } = await uploadStatus(transport, repository, location));
    }
  }
  const request = { method: 'PUT', path: closing(location, descriptor), repository, headers: { 'content-length': '0' }, retry: false };
  await finished(await transport.send(request), transport, repository, descriptor);
}

function mayResume(error: unknown): boolean {
  if (!isColophonError(error)) return false;
  const status = error.details?.['status'];
  return (
    error.code === 'OCI_UNREACHABLE' || status === 416 || status === 409 || status === 429 || (typeof status === 'number' && status >= 502)
  );
}

/** end-13: how much of it arrived. */
async function uploadStatus(transport: Transport, repository: string, before: string): Promise<{ location: string; sent: number }> {
  const response = await transport.send({ method: 'GET', path: before, repository });
  await discard(response);
  const range = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1];
  if (response.status !== 204 || range === undefined)
    throw ociErrors.error('OCI_UPLOAD_LOST', `${transport.base.host} lost an upload to ${repository}: ${response.status}`);
  // `0-0` is one byte or none: registries do not agree. One byte is soon sent again from the start.
  return { location: locationOf(response, transport, before), sent: range === '0' ? 0 : Number(range) + 1 };
}
