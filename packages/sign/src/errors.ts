import { catalogue } from '@colophon/core';

export const signErrors = catalogue({
  SIGN_ENVELOPE_INVALID: { summary: 'text that should be a DSSE envelope is not one', exit: 'invalid', status: 400 },
  SIGN_SIGNATURE_INVALID: {
    summary: 'no signature of the trusted keys is good',
    hint: 'The signed bytes were changed, or another key signed them.',
    exit: 'policy',
    status: 422,
  },
  SIGN_KEY_INVALID: { summary: 'text that should be a key is not one that Colophon can use', exit: 'usage', status: 400 },
  SIGN_KEY_UNSUPPORTED: {
    summary: 'a key of a kind that is not accepted',
    hint: 'Accepted: ECDSA P-256, P-384 and P-521, Ed25519, RSA of 2048 to 8192 bits.',
    exit: 'usage',
    status: 400,
  },
  SIGN_KEY_PASSWORD: {
    summary: 'the password does not open the private key',
    hint: 'Check COLOPHON_KEY_PASSWORD.',
    exit: 'auth',
    status: 401,
  },
  SIGN_KEY_PARAMETERS: {
    summary: 'a private key file asks for more work or memory than a key file may',
    hint: 'The file was not written by cosign or Colophon, or it was changed.',
    exit: 'invalid',
    status: 400,
  },
  SIGN_BUNDLE_INVALID: { summary: 'text that should be a Sigstore bundle is not one', exit: 'invalid', status: 400 },
  SIGN_LEGACY_INVALID: { summary: "an annotation or payload of cosign's older storage format is broken", exit: 'invalid', status: 400 },
  SIGN_REQUEST_INVALID: {
    summary: 'the signer was asked to sign something that it does not sign',
    hint: 'The signer signs statements, image digests, checkpoints and entry timestamps, never bytes.',
    exit: 'invalid',
    status: 400,
  },
  SIGN_CHECKPOINT_FORK: {
    summary: 'the signer refuses a checkpoint that would fork the log',
    hint: 'The log is older than what was signed last: restore a newer backup, or start a new log with a new key.',
    exit: 'policy',
    status: 409,
  },
  SIGN_STATE_INVALID: {
    summary: "the signer's own state file is broken or belongs to another key",
    hint: 'Restore keys/checkpoint.json from the backup that the keys come from.',
    exit: 'invalid',
  },
  SIGN_DIRECTORY_UNSAFE: {
    summary: 'the folder or a file of the keys can be read by others',
    hint: 'chmod 700 the folder, chmod 600 the files in it, and make new keys if others use this machine.',
    exit: 'policy',
  },
});
