import { randomBytes, scrypt } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { parseJson } from '@colophon/core';
import { readBase64 } from '../encoding/base64.ts';
import { isRecord } from '../encoding/record.ts';
import { signErrors } from '../errors.ts';

/** cosign's own parameters (go-securesystemslib, encrypted). About 70 ms and 64 MiB. */
const ours = { N: 65_536, r: 8, p: 1 };

/** A file may ask for at most this: memory 128·N·r bytes, work N·r·p (8 times cosign's). A hostile file names its own parameters. */
const limits = { memory: 256 * 1024 * 1024, work: 65_536 * 8 * 8 };

/** The body of `ENCRYPTED SIGSTORE PRIVATE KEY`: JSON that names scrypt's parameters, and a nacl/secretbox over the PKCS #8 key. */
export async function encryptKey(pkcs8: Uint8Array, password: string): Promise<Buffer> {
  const salt = randomBytes(32);
  const nonce = randomBytes(24);
  const key = await derive(password, salt, ours);
  const ciphertext = xsalsa20poly1305(key, nonce).encrypt(pkcs8);
  key.fill(0);
  const base64 = (data: Uint8Array) => Buffer.from(data).toString('base64');
  return Buffer.from(
    JSON.stringify({
      kdf: { name: 'scrypt', params: ours, salt: base64(salt) },
      cipher: { name: 'nacl/secretbox', nonce: base64(nonce) },
      ciphertext: base64(ciphertext),
    }),
  );
}

/** Throws SIGN_KEY_INVALID, SIGN_KEY_PARAMETERS or SIGN_KEY_PASSWORD. */
export async function decryptKey(body: Uint8Array, password: string): Promise<Buffer> {
  const file = parseJson(body, 'the private key file');
  const { kdf, cipher, ciphertext } = isRecord(file) ? file : {};
  if (!isRecord(kdf) || !isRecord(cipher) || kdf['name'] !== 'scrypt' || cipher['name'] !== 'nacl/secretbox') {
    throw signErrors.error('SIGN_KEY_INVALID', 'the private key file is not scrypt with nacl/secretbox');
  }
  const params = checkParameters(kdf['params']);
  const salt = field(kdf['salt'], 'salt', 16, 64);
  const nonce = field(cipher['nonce'], 'nonce', 24, 24);
  const box = field(ciphertext, 'ciphertext', 17, 64 * 1024);
  const key = await derive(password, salt, params);
  try {
    return Buffer.from(xsalsa20poly1305(key, nonce).decrypt(box));
  } catch (cause) {
    throw signErrors.error('SIGN_KEY_PASSWORD', 'the password does not open the private key', { cause });
  } finally {
    key.fill(0);
  }
}

function checkParameters(value: unknown): typeof ours {
  const { N, r, p } = isRecord(value) ? value : {};
  for (const part of [N, r, p]) {
    if (typeof part !== 'number' || !Number.isSafeInteger(part) || part < 1)
      throw signErrors.error('SIGN_KEY_INVALID', 'scrypt parameters are missing');
  }
  const params = { N: N as number, r: r as number, p: p as number };
  const fits = 128 * params.N * params.r <= limits.memory && params.N * params.r * params.p <= limits.work;
  if (!fits || params.N < 2 || !Number.isInteger(Math.log2(params.N))) {
    throw signErrors.error('SIGN_KEY_PARAMETERS', `scrypt N=${params.N}, r=${params.r}, p=${params.p} is out of bounds`, {
      details: { limits },
    });
  }
  return params;
}

function field(value: unknown, name: string, least: number, most: number): Buffer {
  const bytes = typeof value === 'string' ? readBase64(value) : undefined;
  if (bytes === undefined || bytes.length < least || bytes.length > most) {
    throw signErrors.error('SIGN_KEY_INVALID', `the private key file has no usable ${name}`);
  }
  return bytes;
}

function derive(password: string, salt: Uint8Array, { N, r, p }: typeof ours): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, { N, r, p, maxmem: 128 * N * r + 128 * r * p + 1024 * 1024 }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
