import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@colophon/core';
import { durableFiles } from './durable-files.ts';

export interface PasswordSources {
  readonly keysDirectory: string;
  /** A file whose first line is the password. */
  readonly passwordFile?: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Name of the credential under $CREDENTIALS_DIRECTORY (systemd LoadCredential=colophon-key-password:…). */
export const credentialName = 'colophon-key-password';

/**
 * The password of the private keys: the file given, systemd's credential, $COLOPHON_KEY_PASSWORD, in this order. With none of them, a random one that is
 * kept beside the keys: that protects a copied key file, not a copied folder.
 */
export async function findPassword({ keysDirectory, passwordFile, environment }: PasswordSources): Promise<string> {
  if (passwordFile !== undefined) return firstLine(await readFile(passwordFile, 'utf8'));
  const credentials = environment['CREDENTIALS_DIRECTORY'];
  const credential = credentials === undefined ? undefined : await readIfThere(join(credentials, credentialName));
  if (credential !== undefined) return firstLine(credential);
  const given = environment['COLOPHON_KEY_PASSWORD'];
  if (given !== undefined) return given;
  const beside = join(keysDirectory, 'password');
  await (await durableFiles()).createFile(beside, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
  return firstLine(await readFile(beside, 'utf8'));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? '';
}
