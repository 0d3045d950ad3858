import { catalogue } from '@colophon/core';

export const logErrors = catalogue({
  LOG_ENTRY_INVALID: { summary: 'a proposed entry is malformed, or a signature in it does not verify', exit: 'invalid', status: 400 },
  LOG_ENTRY_KIND: { summary: 'an entry of this kind or version cannot be added to the log', exit: 'invalid', status: 400 },
  LOG_ENTRY_TOO_LARGE: { summary: 'an entry or its attestation is larger than the log takes', exit: 'invalid', status: 413 },
  LOG_NOT_FOUND: { summary: 'the log has no such entry', exit: 'not-found', status: 404 },
  LOG_QUERY_INVALID: { summary: 'a question to the log is malformed', exit: 'usage', status: 400 },
  LOG_SIZE_UNKNOWN: { summary: 'a proof was asked for a tree size that the log has not reached', exit: 'usage', status: 400 },
  LOG_PROOF_INVALID: { summary: 'a Merkle proof does not lead to the expected root', exit: 'policy', status: 400 },
  LOG_NOTE_INVALID: { summary: 'text that should be a signed note or checkpoint is not', exit: 'invalid', status: 400 },
  LOG_NOTE_SIGNATURE: { summary: 'a signed note carries no valid signature of the expected key', exit: 'policy', status: 400 },
  LOG_LOCKED: {
    summary: 'another process has this log open for writing',
    hint: 'One log has one writer. Stop the other server first.',
    status: 503,
  },
  LOG_CORRUPT: {
    summary: 'a stored tile, bundle, record or checkpoint is not what it should be',
    hint: 'Nothing was changed. Restore the log directory from a backup or a mirror; do not delete single files of it.',
  },
  LOG_TAIL_LOST: {
    summary: 'entries that were acknowledged are missing from the stored tree',
    hint: 'Restore the log directory and its database together, from the same backup.',
  },
  LOG_IDENTITY: {
    summary: 'the log directory belongs to another key, host name or tree',
    hint: 'A new key or host name starts a new tree: open the log with the identity in its log.json.',
  },
  LOG_SIGNER: { summary: 'the log key could not sign; the entries are kept and will be published when it can', status: 503 },
  LOG_BUSY: { summary: 'more entries are waiting than the log takes on', hint: 'Try again in a moment.', status: 503 },
  LOG_CLOSED: { summary: 'the log is shutting down', status: 503 },
});
