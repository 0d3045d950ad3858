import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@colophon/core';
import { signErrors } from '../errors.ts';
import { generateKeyPair, loadKey } from '../keys/private-key.ts';
import type { SigningKey } from '../keys/signing-key.ts';
import { durableFiles } from './durable-files.ts';

/** Makes the folder of the keys, 0700, or refuses one that others can enter. */
export async function prepareKeysDirectory(directory: string): Promise<void> {
  await (await durableFiles()).createDirectory(directory, { mode: 0o700 });
  await refuseIfOpen(directory);
}

/**
 * Loads NAME.key, or makes it at the first start: P-256, encrypted, 0600, durable before it is used. NAME.pub is written whenever it is missing or
 * differs. Two signers that start at once come to the same key: the first file made wins.
 */
export async function ensureKey(directory: string, name: string, password: string): Promise<SigningKey> {
  const path = join(directory, `${name}.key`);
  if ((await readIfThere(path)) === undefined) {
    const pair = await generateKeyPair(password);
    await (await durableFiles()).createFile(path, pair.private, { mode: 0o600 });
  }
  await refuseIfOpen(path);
  const key = await loadKey(await readFile(path, 'utf8'), password);
  const publicPath = join(directory, `${name}.pub`);
  if ((await readIfThere(publicPath)) !== key.publicKey.pem)
    await (await durableFiles()).writeFile(publicPath, key.publicKey.pem, { mode: 0o644 });
  return key;
}

async function refuseIfOpen(path: string): Promise<void> {
  const { mode, uid } = await stat(path);
  const own = process.getuid?.() ?? uid;
  if ((mode & 0o077) !== 0 || uid !== own) {
    throw signErrors.error('SIGN_DIRECTORY_UNSAFE', `${path} has mode ${(mode & 0o777).toString(8)} and owner ${uid}`, {
      details: { path, expected: { owner: own, others: 'no access' }, found: { owner: uid, mode: (mode & 0o777).toString(8) } },
    });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
