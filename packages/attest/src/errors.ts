import { catalogue } from '@colophon/core';

export const attestErrors = catalogue({
  ATTEST_STATEMENT_INVALID: {
    summary: 'text that should be an in-toto statement is not one',
    hint: 'A statement is JSON with _type, subject, predicateType and predicate (in-toto attestation framework, spec/v1/statement.md).',
    exit: 'invalid',
    status: 400,
  },
  ATTEST_PREDICATE_INVALID: {
    summary: 'a statement carries a predicate that is not of the shape its predicateType promises',
    exit: 'invalid',
    status: 400,
  },
  ATTEST_FACTS_INVALID: {
    summary: 'the record of a finished run cannot be turned into provenance',
    hint: 'The record is incomplete or contradicts itself; the run must be repeated.',
    exit: 'invalid',
    status: 422,
  },
  ATTEST_CHAINS_GAVE_UP: {
    summary: 'Tekton Chains would give up this run, so no payload in its format exists',
    hint: 'Chains marks such a run chains.tekton.dev/signed: failed. Use the format colophon, which has no such gap.',
    exit: 'invalid',
    status: 422,
  },
  ATTEST_CHAINS_CONFIG: {
    summary: 'a chains-config value that Chains does not know',
    hint: 'Formats: in-toto, slsa/v1, slsa/v2alpha3, slsa/v2alpha4. Build types: https://tekton.dev/chains/v2/slsa, https://tekton.dev/chains/v2/slsa-tekton.',
    exit: 'usage',
    status: 400,
  },
});
