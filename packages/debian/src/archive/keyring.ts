import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Key } from 'openpgp';
import { debianErrors } from '../errors.ts';

/** The keys that vouch for an archive, each once. */
export interface Keyring {
  readonly keys: readonly Key[];
  readonly files: readonly string[];
}

const directory = '/usr/share/keyrings';

/**
 * Reads OpenPGP keyrings, binary or armoured. Without names: the keyrings of the package debian-archive-keyring on this
 * machine, never those of removed keys. Which files are read is the operator's word; their bytes are trusted.
 * Throws DEBIAN_KEYRING_MISSING, DEBIAN_KEYRING_INVALID.
 */
export async function loadKeyring(files?: readonly string[]): Promise<Keyring> {
  const names = await keyringFiles(files);
  const keys = new Map<string, Key>();
  for (const name of names) {
    for (const key of await readKeyringFile(name)) {
      const known = keys.get(key.getFingerprint());
      // One file may have a later expiry or a revocation that another lacks: all of them count.
      keys.set(key.getFingerprint(), known === undefined || same(known, key) ? key : await known.update(key));
    }
  }
  return { keys: [...keys.values()], files: names };
}

/** Most keys are there twice, in a file of their own and in the one of all. */
function same(left: Key, right: Key): boolean {
  return Buffer.from(left.write()).equals(right.write());
}

/** The files that `loadKeyring` reads. */
export async function keyringFiles(files?: readonly string[]): Promise<readonly string[]> {
  const names = files ?? (await machineKeyrings());
  if (names.length === 0) throw debianErrors.error('DEBIAN_KEYRING_MISSING', `no Debian archive keyring in ${directory}`);
  return names;
}

/** A keyring of keys that are in memory already. */
export async function keyringOf(keys: readonly (string | Uint8Array)[]): Promise<Keyring> {
  const parsed = await Promise.all(keys.map((key) => parseKeys(key, 'a key in memory')));
  return { keys: parsed.flat(), files: [] };
}

async function machineKeyrings(): Promise<string[]> {
  const names = await readdir(directory).catch(() => [] as string[]);
  return names
    .filter((name) => /^debian-archive-.*\.(?:gpg|pgp|asc)$/.test(name) && !name.includes('removed'))
    .sort()
    .map((name) => join(directory, name));
}

async function readKeyringFile(path: string): Promise<Key[]> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw debianErrors.error('DEBIAN_KEYRING_MISSING', `keyring ${path} cannot be read: ${(cause as Error).message}`, { cause });
  });
  return parseKeys(bytes, `keyring ${path}`);
}

async function parseKeys(data: string | Uint8Array, what: string): Promise<Key[]> {
  const text = typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
  // Loaded when it is needed: most runs find their chain shown before.
  const { readKeys } = await import('openpgp');
  try {
    const keys = text.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')
      ? await readKeys({ armoredKeys: text })
      : await readKeys({ binaryKeys: data as Uint8Array });
    if (keys.length > 0) return keys;
  } catch (cause) {
    throw debianErrors.error('DEBIAN_KEYRING_INVALID', `${what}: ${(cause as Error).message}`, { cause });
  }
  throw debianErrors.error('DEBIAN_KEYRING_INVALID', `${what} holds no key`);
}
