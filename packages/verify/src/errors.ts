import { catalogue } from '@colophon/core';

export const verifyErrors = catalogue({
  VERIFY_TRUST_INVALID: { summary: 'a trusted root or key file cannot be used', exit: 'usage', status: 400 },
  VERIFY_POLICY_INVALID: { summary: 'a policy file is malformed', exit: 'usage', status: 400 },
  VERIFY_SUBJECT_UNKNOWN: { summary: 'the image that should be verified is not there', exit: 'not-found', status: 404 },
  VERIFY_CHECK_FAILED: { summary: 'a check of a signature or attestation failed', exit: 'policy', status: 422 },
  VERIFY_DER_INVALID: { summary: 'a certificate or timestamp is malformed', exit: 'invalid', status: 400 },
  VERIFY_FAILED: {
    summary: 'nothing that was found proves what was asked for',
    hint: 'The report says of each candidate which check failed, what was expected and what was found.',
    exit: 'policy',
    status: 422,
  },
});
