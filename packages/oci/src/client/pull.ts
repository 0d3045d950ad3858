import { digestOf, errorCode, isColophonError, isDigest, parseDigest } from '@colophon/core';
import { checkedContent } from '../content/checked.ts';
import { readLimited, streamChunks } from '../content/stream.ts';
import { ociErrors } from '../errors.ts';
import type { AnyManifest, ContentDescriptor, Descriptor } from '../types/descriptor.ts';
import { manifestLimit, parseManifest } from '../types/manifest.ts';
import { manifestTypes } from '../types/media-types.ts';
import { discard, failure } from './failure.ts';
import type { Transport } from './transport.ts';

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
  readonly parsed: AnyManifest;
}

const accept = manifestTypes.join(', ');

/** The manifest under a tag or digest; undefined if there is none. Its digest is computed from what came, never taken from a header. */
export async function fetchManifest(transport: Transport, repository: string, reference: string): Promise<FetchedManifest | undefined> {
  const { host } = transport.base;
  const response = await transport.send({
    method: 'GET',
    path: `/v2/${repository}/manifests/${reference}`,
    repository,
    headers: { accept },
  });
  if (response.status === 404) {
    await discard(response);
    return undefined;
  }
  if (response.status !== 200) throw await failure(response, host, `manifest ${repository} ${reference}`);
  const bytes = await readLimited(streamChunks(response.body, transport.idle), manifestLimit, `the manifest of ${host}`);
  // A registry may know it by another algorithm's digest; then that is its name, if it is true.
  const told = response.headers.get('docker-content-digest') ?? '';
  const wanted = isDigest(reference)
    ? reference
    : isDigest(told) && digestOf(bytes, parseDigest(told).algorithm) === told
      ? told
      : undefined;
  const digest = digestOf(bytes, wanted === undefined ? 'sha256' : parseDigest(wanted).algorithm);
  if (wanted !== undefined && digest !== wanted)
    throw ociErrors.error('OCI_CONTENT_MISMATCH', `${host} answered ${repository}@${wanted} with the content of ${digest}`, {
      details: { expected: wanted, found: digest },
    });
  const type = response.headers.get('content-type')?.split(';')[0]?.trim();
  const parsed = parseManifest(bytes, type !== undefined && manifestTypes.includes(type) ? type : undefined);
  return { descriptor: { mediaType: parsed.mediaType, digest, size: bytes.length }, bytes, parsed };
}

/** Streams a blob, goes on where a broken transfer stopped, and fails at its end if size or digest do not fit. */
export function fetchBlob(transport: Transport, repository: string, descriptor: ContentDescriptor): AsyncIterable<Uint8Array> {
  const what = `${transport.base.host}/${repository}@${descriptor.digest}`;
  return checkedContent(transfer(transport, repository, descriptor, what), descriptor, what);
}

async function* transfer(
  transport: Transport,
  repository: string,
  { digest, size }: ContentDescriptor,
  what: string,
): AsyncIterable<Uint8Array> {
  let received = 0;
  for (let failures = 0; ;) {
    const response = await transport.send({
      method: 'GET',
      path: `/v2/${repository}/blobs/${digest}`,
      repository,
      headers: received === 0 ? {} : { range: `bytes=${received}-${size - 1}` },
    });
    if (response.status !== 200 && response.status !== 206)
      throw await failure(response, transport.base.host, `blob ${repository}@${digest}`);
    const before = received;
    let skip = skipOf(response, received, what);
    try {
      for await (const whole of streamChunks(response.body, transport.idle)) {
        const chunk = whole.subarray(Math.min(skip, whole.length));
        skip -= whole.length - chunk.length;
        received += chunk.length;
        if (chunk.length > 0) yield chunk;
      }
      if (received >= size) return;
    } catch (error) {
      if (isColophonError(error) && errorCode(error) !== 'OCI_TIMEOUT') throw error;
      failures = received > before ? 1 : failures + 1;
      if (failures >= 5) throw ociErrors.error('OCI_UNREACHABLE', `${what} broke off at ${received} of ${size} bytes`, { cause: error });
      await transport.pause(failures);
      continue;
    }
    failures = received > before ? 1 : failures + 1;
    if (failures >= 5) return;
  }
}

/** A registry that does not do ranges sends all from the beginning. */
function skipOf(response: Response, received: number, what: string): number {
  if (response.status === 200) return received;
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (Number(start) !== received) throw ociErrors.error('OCI_REGISTRY_FAILED', `${what}: asked from byte ${received}, got from ${start}`);
  return 0;
}
