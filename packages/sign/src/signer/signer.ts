import { inTotoPayloadType, type InTotoStatement } from '@colophon/attest';
import { signEnvelope } from '../dsse/sign.ts';
import type { SigningKey } from '../keys/signing-key.ts';
import { entryTimestampBytes } from '../legacy/rekor-bundle.ts';
import { simpleSigningPayload } from '../legacy/simple-signing.ts';
import type { CheckpointState } from './checkpoint-state.ts';
import { checkedCheckpoint, checkedEntryTimestamp, checkedSimpleSigning, checkedStatement, refused } from './checks.ts';
import { signerLimits, type SignerClient } from './requests.ts';

export interface SignerParts {
  readonly provenance: SigningKey;
  readonly log: SigningKey;
  readonly checkpoints: CheckpointState;
  /** Milliseconds since 1970; default: the clock. */
  readonly now?: () => number;
}

/** The signer itself, in this process: what the socket serves, and what tests use in its place. */
export function createSigner({ provenance, log, checkpoints, now = Date.now }: SignerParts): SignerClient {
  const logId = log.publicKey.spkiSha256;
  return {
    publicKeys: async () => ({ provenance: provenance.publicKey.pem, log: log.publicKey.pem, logId }),
    async signStatement(statement: InTotoStatement) {
      return signEnvelope(inTotoPayloadType, checkedStatement(statement), [provenance], 'openssh');
    },
    async signSimpleSigning(request) {
      const payload = simpleSigningPayload(checkedSimpleSigning(request));
      return { payload, signature: provenance.sign(payload).toString('base64') };
    },
    async signCheckpoint(request) {
      const checked = checkedCheckpoint(request);
      await checkpoints.allow(checked);
      return log.sign(checked.body);
    },
    async signEntryTimestamps(entries) {
      if (!Array.isArray(entries) || entries.length > signerLimits.entries)
        throw refused(`more than ${signerLimits.entries} entries at once`);
      const checked = entries.map((entry) => checkedEntryTimestamp(entry, logId, now()));
      return checked.map((entry) => log.sign(entryTimestampBytes(entry)));
    },
  };
}
