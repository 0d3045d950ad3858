import { join } from 'node:path';
import type { StateOptions } from './checkpoint-state.ts';
import { openCheckpointState } from './checkpoint-state.ts';
import { ensureKey, prepareKeysDirectory } from './key-files.ts';
import { findPassword } from './password.ts';
import type { SignerClient } from './requests.ts';
import { serveSigner } from './serve.ts';
import { createSigner } from './signer.ts';

export interface SignerOptions extends StateOptions {
  /** Holds provenance.key/.pub, log.key/.pub, checkpoint.json and perhaps password. Made, 0700, if missing. */
  readonly keysDirectory: string;
  /** Default: see `findPassword`. */
  readonly password?: string;
  readonly passwordFile?: string;
  /** Milliseconds since 1970; default: the clock. */
  readonly now?: () => number;
}

export interface Signer {
  close(): Promise<void>;
}

/** Opens the keys (making them at the first start) and gives the signer in this process. */
export async function openSigner(options: SignerOptions): Promise<SignerClient> {
  const { keysDirectory, passwordFile, now } = options;
  await prepareKeysDirectory(keysDirectory);
  const sources = { keysDirectory, environment: process.env, ...(passwordFile === undefined ? {} : { passwordFile }) };
  const password = options.password ?? (await findPassword(sources));
  const [provenance, log] = await Promise.all([
    ensureKey(keysDirectory, 'provenance', password),
    ensureKey(keysDirectory, 'log', password),
  ]);
  const checkpoints = await openCheckpointState(join(keysDirectory, 'checkpoint.json'), log.publicKey.spkiSha256, options);
  return createSigner({ provenance, log, checkpoints, ...(now === undefined ? {} : { now }) });
}

/** Opens the keys and serves the signer on a private socket until closed. */
export async function startSigner(options: SignerOptions & { readonly socketPath: string }): Promise<Signer> {
  return serveSigner(options.socketPath, await openSigner(options));
}
