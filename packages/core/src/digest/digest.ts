import { createHash } from 'node:crypto';
import { coreErrors } from '../errors/core-errors.ts';

export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512';

/** `algorithm:hex`, lower case, of the algorithm's full length (OCI image-spec, descriptor.md, "Digests"). */
export type Digest = `${DigestAlgorithm}:${string}`;

const hexLength: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

export function isDigest(text: string): text is Digest {
  const colon = text.indexOf(':');
  const length = hexLength[text.slice(0, colon)];
  return length !== undefined && text.length === colon + 1 + length && /^[0-9a-f]+$/.test(text.slice(colon + 1));
}

/** Checks and splits a digest. Throws CORE_DIGEST_INVALID. */
export function parseDigest(text: string): { digest: Digest; algorithm: DigestAlgorithm; hex: string } {
  if (!isDigest(text)) {
    throw coreErrors.error('CORE_DIGEST_INVALID', `not a digest: ${JSON.stringify(text.slice(0, 200))}`, {
      hint: 'A digest is written sha256: and 64 lower-case hexadecimal digits.',
    });
  }
  const colon = text.indexOf(':');
  return { digest: text, algorithm: text.slice(0, colon) as DigestAlgorithm, hex: text.slice(colon + 1) };
}

export function sha256Hex(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

export function sha256(data: Uint8Array | string): Buffer {
  return createHash('sha256').update(data).digest();
}

export function digestOf(data: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(data).digest('hex')}`;
}

/** Reads a stream to its end; gives its digest and its size in bytes. */
export async function digestStream(
  stream: AsyncIterable<Uint8Array>,
  algorithm: DigestAlgorithm = 'sha256',
): Promise<{ digest: Digest; size: number }> {
  const hash = createHash(algorithm);
  let size = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `${algorithm}:${hash.digest('hex')}`, size };
}

export function sameDigest(left: string, right: string): boolean {
  return isDigest(left) && left === right;
}
