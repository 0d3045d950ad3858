import { createHash } from 'node:crypto';
import { parseDigest } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import type { ContentDescriptor } from '../types/descriptor.ts';

/**
 * Passes content through and counts and hashes it; fails as soon as it is longer than its descriptor says, and at its end if it is shorter or has another
 * digest. So nobody who reads to the end has taken wrong content for right. OCI_CONTENT_MISMATCH.
 */
export async function* checkedContent(
  content: AsyncIterable<Uint8Array>,
  { digest, size }: ContentDescriptor,
  what: string,
): AsyncIterable<Uint8Array> {
  const { algorithm } = parseDigest(digest);
  const hash = createHash(algorithm);
  let received = 0;
  for await (const chunk of content) {
    received += chunk.length;
    if (received > size) throw mismatch(`${what} is longer than the ${size} bytes that its descriptor says`, { digest, expected: size });
    hash.update(chunk);
    yield chunk;
  }
  const found = `${algorithm}:${hash.digest('hex')}`;
  if (received !== size) throw mismatch(`${what} has ${received} bytes; its descriptor says ${size}`, { expected: size, found: received });
  if (found !== digest) throw mismatch(`${what} has the content of ${found}`, { expected: digest, found });
}

/** Content as one buffer; OCI_TOO_LARGE, before anything is read, if its descriptor says more than `limit` bytes. */
export async function collectContent(
  content: AsyncIterable<Uint8Array>,
  { digest, size }: ContentDescriptor,
  limit: number,
): Promise<Buffer> {
  if (size > limit) throw ociErrors.error('OCI_TOO_LARGE', `blob ${digest} has ${size} bytes; the limit is ${limit}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function mismatch(message: string, details: Readonly<Record<string, unknown>>): Error {
  return ociErrors.error('OCI_CONTENT_MISMATCH', message, { details });
}
