import { errorCode } from '@colophon/core';
import { logErrors } from '../errors.ts';

/**
 * Signs for the log, in the process that holds the key (`logSigner` of the room sign). Rekor v1: one key, ECDSA P-256 with SHA-256 in DER, for
 * checkpoints and entry timestamps alike. A signer keeps state and refuses to fork; asked again for a checkpoint that it
 * signed, it signs it again. Timestamps asked for together go out together.
 */
export interface LogSigner {
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKeyPem: string;
  /** SHA-256 of the SubjectPublicKeyInfo, hex. */
  readonly logId: string;
  /** Over the text of a checkpoint (origin, size, root). `consistency`: base64 hashes from the checkpoint before. */
  signCheckpoint(body: string, consistency?: readonly string[]): Promise<Uint8Array>;
  /** Over the canonical JSON of {body, integratedTime, logID, logIndex}. */
  signEntryTimestamp(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface CommitToSign {
  readonly checkpoint: string;
  /** Size of the checkpoint. */
  readonly size: number;
  /** Size of the checkpoint that was published before. */
  readonly previousSize: number;
  readonly timestamps: readonly Uint8Array[];
  readonly consistency: (from: number) => Promise<readonly Buffer[]>;
}

/** Everything that one commit needs, asked for at once. Throws LOG_SIGNER. */
export async function signCommit(signer: LogSigner, commit: CommitToSign): Promise<{ checkpoint: Buffer; timestamps: Buffer[] }> {
  try {
    const [checkpoint, ...timestamps] = await Promise.all([
      signCheckpoint(signer, commit),
      ...commit.timestamps.map((bytes) => signer.signEntryTimestamp(bytes)),
    ]);
    return { checkpoint: Buffer.from(checkpoint), timestamps: timestamps.map((bytes) => Buffer.from(bytes)) };
  } catch (cause) {
    throw logErrors.error('LOG_SIGNER', `the log key did not sign: ${(cause as Error).message}`, { cause });
  }
}

async function signCheckpoint(signer: LogSigner, { checkpoint, size, previousSize, consistency }: CommitToSign): Promise<Uint8Array> {
  const proof = async (from: number) => (await consistency(from)).map((hash) => hash.toString('base64'));
  try {
    return await signer.signCheckpoint(checkpoint, await proof(previousSize));
  } catch (error) {
    // A reply was lost, in a crash perhaps: the signer's last checkpoint is a later one, and it wants the proof from there.
    const last = signedLast(error);
    if (last === undefined || last === previousSize || last > size) throw error;
    return signer.signCheckpoint(checkpoint, await proof(last));
  }
}

function signedLast(error: unknown): number | undefined {
  if (errorCode(error) !== 'SIGN_CHECKPOINT_FORK') return undefined;
  const size = (error as { details?: { expected?: { size?: unknown } } }).details?.expected?.size;
  return Number.isSafeInteger(size) ? (size as number) : undefined;
}
