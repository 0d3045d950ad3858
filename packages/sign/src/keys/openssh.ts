import type { KeyObject } from 'node:crypto';
import { sha256 } from '@colophon/core';
import type { KeyAlgorithm } from './algorithm.ts';

/** `SHA256:` and unpadded base64 of the hash of the key's SSH wire form (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4). */
export function openSshFingerprint(key: KeyObject, algorithm: KeyAlgorithm): string {
  return `SHA256:${sha256(wireForm(key, algorithm)).toString('base64').replace(/=+$/, '')}`;
}

function wireForm(key: KeyObject, algorithm: KeyAlgorithm): Buffer {
  const jwk = key.export({ format: 'jwk' });
  const field = (value: string | undefined) => Buffer.from(value ?? '', 'base64url');
  if (algorithm === 'ed25519') return Buffer.concat([text('ssh-ed25519'), bytes(field(jwk.x))]);
  if (algorithm === 'rsa') return Buffer.concat([text('ssh-rsa'), integer(field(jwk.e)), integer(field(jwk.n))]);
  const curve = `nist${algorithm.slice('ecdsa-'.length)}`;
  const point = Buffer.concat([Buffer.from([4]), field(jwk.x), field(jwk.y)]);
  return Buffer.concat([text(`ecdsa-sha2-${curve}`), text(curve), bytes(point)]);
}

function bytes(data: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, data]);
}

function text(value: string): Buffer {
  return bytes(Buffer.from(value));
}

/** mpint (RFC 4251 section 5): a leading zero where the top bit would make it negative. */
function integer(data: Buffer): Buffer {
  return bytes((data[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), data]) : data);
}
